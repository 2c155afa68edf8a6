DROP TABLE notes, echoes;
