DROP TABLE jobs, schedules, idempotency, dead_letters, inbox, outbox;
DROP FUNCTION iso_day(text), iso_moment(text);
