DROP TABLE agencies;
DROP TABLE people;
DROP TABLE outputs;
DROP TABLE destruction_certificates;
DROP TABLE destruction_orders;
DROP TABLE holds;
DROP TABLE holdings;
