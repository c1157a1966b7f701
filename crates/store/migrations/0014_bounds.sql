-- The fence and the rally points that a flight was planned with, for those that fly on its mission and for a program
-- that takes it up again; and what the flight laid on the vehicle and has not taken back yet, with what was there
-- before.
alter table flight add column bounds_json text;
alter table flight add column laid_json text;
create index flight_by_vehicle on flight (link, system_id);
