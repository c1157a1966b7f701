-- A mission that broke off is flown on in sorties of their own. continues_sortie: the first sortie of the mission, for
-- every one after it. of_shot_index: which photo of that first sortie a photo of a later one is.
alter table flight add column continues_sortie text;
alter table shot add column of_shot_index bigint;
create index flight_by_continues on flight (continues_sortie);
