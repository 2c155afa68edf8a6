DROP TABLE approved_configuration, emergency_acts;
