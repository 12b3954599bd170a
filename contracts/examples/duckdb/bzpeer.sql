-- A notebook on the events of BZPEER by day, for DuckDB. Get days first (docs/consumers.md says how), then:
--
--   duckdb < bzpeer.sql
--
-- It reads days/*.parquet: position, id, source, type, subject, actor, time, sequence, data (JSON).
-- A day is all that happened on it, so any set of days without a gap from the first one on tells how things stand at its end.

-- Type without its prefix, to read.
create or replace view events as
select position, id, source, split_part(type, '.', 4) as type, subject, actor, time, sequence, data::json as data
from read_parquet('days/*.parquet');

-- 1. What there is.
select source, type, count(*) as events, min(time)::date as first_day, max(time)::date as last_day
from events
group by all
order by events desc;

-- 2. Followers. An edge may be told more than once: the newest event of an edge, by its source's sequence, says whether it stands.
--    Compare with GET /api/researchers/ID/follow-counts. Those who hide their lists are not in public files.
create or replace view edges as
select subject as followee, actor as follower
from events
where type in ('ResearcherFollowed', 'ResearcherUnfollowed')
group by subject, actor
having arg_max(type, sequence) = 'ResearcherFollowed';

select followee, count(*) as followers
from edges
group by followee
order by followers desc, followee
limit 20;

-- 3. Works per topic and month. WorkPublished and WorkCorrected carry the whole work: the newest one counts. A retraction is its own event and
--    ends with the next of the two; a removed work counts for nothing.
create or replace view works as
select subject as work,
       arg_max(data, sequence) filter (where type in ('WorkPublished', 'WorkCorrected')) -> '$.work' as work_data,
       arg_max(type, sequence) = 'WorkRetracted' as retracted
from events
where type in ('WorkPublished', 'WorkCorrected', 'WorkRetracted', 'WorkRemoved')
group by subject
having arg_max(type, sequence) <> 'WorkRemoved';

with published as (
  select work,
         coalesce(strftime((work_data ->> '$.publicationDate')::date, '%Y-%m'), work_data ->> '$.year') as month,
         unnest((work_data -> '$.topics')::varchar[]) as topic
  from works
  where not retracted and not (work_data ->> '$.retracted')::boolean)
select topic, month, count(*) as works
from published
group by topic, month
order by works desc, topic, month
limit 20;

-- 4. How trust is distributed: the newest statement about each researcher.
with trust as (
  select subject as researcher,
         arg_max((data ->> '$.score')::int, sequence) as score,
         arg_max(data ->> '$.level', sequence) as level
  from events
  where type = 'TrustRecalculated'
  group by subject)
select level, count(*) as researchers, min(score) as lowest, round(avg(score), 1) as mean, max(score) as highest
from trust
group by level
order by lowest;

-- 5. Follows by day: how the graph grows.
select time::date as day,
       count(*) filter (where type = 'ResearcherFollowed') as followed,
       count(*) filter (where type = 'ResearcherUnfollowed') as unfollowed
from events
where type in ('ResearcherFollowed', 'ResearcherUnfollowed')
group by day
order by day;
