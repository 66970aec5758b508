-- What `pollster adopt --check` tries and looks at, whole.

-- As in 0027; where people sign in at the application only, sessions cannot be written, and posts are tried all the same.
create or replace function pollster.adoption_trial() returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off set lock_timeout = '2s'
as $$
declare
    who bigint;
    wall bigint;
    post bigint;
    part text;
    step text;
    before bigint;
begin
    place := 7;
    word := 'trial';
    select pollster.id_of(m.user_id), pollster.id_of(m.wall_id) into who, wall
        from pollster.memberships m join pollster.users u on u.id = m.user_id join pollster.walls w on w.id = m.wall_id
        where not u.disabled limit 1;
    if who is null or wall is null then
        what := 'no user who is not disabled is a member of a wall that exists, so nobody can read or write, '
                'and nothing could be tried';
        remedy := 'compare the views memberships, users and walls: their ids have to meet';
        return next;
        return;
    end if;
    foreach part in array '{sessions,posts}'::text[] loop
        begin
            if part = 'sessions' then
                step := 'a session';
                insert into pollster.sessions (token_hash, user_id, created_at, expires_at)
                    values (sha256('pollster adopt --check'), who, now(), now() + interval '1 minute');
                step := 'to find the session';
                perform from pollster.who(array[sha256('pollster adopt --check')]) w where w.user_id = who;
                if not found then
                    raise exception 'its row is not in the view';
                end if;
                step := 'the end of a session';
                delete from pollster.sessions s where s.token_hash = sha256('pollster adopt --check');
                if not found then
                    raise exception 'it is still there';
                end if;
            else
                step := 'a post';
                insert into pollster.posts as p (wall_id, user_id, body) values (wall, who, 'pollster adopt --check')
                    returning pollster.id_of(p.id) into post;
                set constraints all immediate;
                if not exists (select from pollster.posts p where p.id = post and p.wall_id = wall) then
                    raise exception 'the view does not show it: give the columns that it chooses by a default with which it does';
                end if;
                step := 'the entry of a post';
                select max(e.id) into before from pollster.entries e where e.wall_id = wall and e.post_id = post and e.kind = 'post';
                if before is null then
                    raise exception 'there is none: is the trigger pollster.feed_entry on the table of posts?';
                end if;
                step := 'an edit';
                update pollster.posts p set body = 'pollster adopt --check: an edit' where p.id = post and p.wall_id = wall;
                if not exists (select from pollster.entries e where e.wall_id = wall and e.post_id = post and e.kind = 'edit') then
                    raise exception 'it has no entry';
                end if;
                step := 'a deletion';
                delete from pollster.posts p where p.id = post and p.wall_id = wall;
                if not exists (select from pollster.entries e where e.wall_id = wall and e.post_id = post and e.kind = 'delete') then
                    raise exception 'it has no entry';
                end if;
            end if;
            raise exception using errcode = 'PA000', message = 'all is well';
        exception when sqlstate 'PA000' then
            null;
        when others then
            if left(sqlstate, 2) in ('40', '53', '57') then
                raise;
            end if;
            what := format('%s could not be written for user %s on wall %s: %s (SQLSTATE %s)', step, who, wall,
                           split_part(sqlerrm, E'\n', 1), sqlstate);
            remedy := case when step in ('a session', 'the end of a session') and sqlstate in ('0A000', '55000', '428C9')
                               then 'if people sign in at the application only, nothing; else a trigger instead of insert or delete'
                           when sqlstate in ('428C9', '55000', '0A000') then 'show the column as it is, without a cast: drop the view and '
                               'create it anew; or create a trigger instead of insert'
                           when sqlstate = '42501' then 'grant the right'
                           when sqlstate = '23502' then 'give the column a default'
                           when sqlstate = '23503' then 'drop the constraint, or let the view write where it points'
                           else 'change the view or the rule of the table that refuses' end;
            return next;
        end;
    end loop;
end $$;

-- As in 0025; the time of day counts in the views that a view reads, too.
create or replace function pollster.adoption_views(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    a record;
begin
    place := 3;
    for a in select distinct v.name, b.rel, c.relkind
             from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
             cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b
             join pg_class c on c.oid = b.rel where c.relkind in ('f', 'm') order by 1, 2 loop
        word := 'blind';
        what := format('%s, behind the view %s, is a %s, whose changes no trigger sees', a.rel, a.name,
                       case a.relkind when 'f' then 'foreign table' else 'materialized view' end);
        remedy := 'after each of them: ' || case when a.name = 'posts' then '`pollster repair`'
                                                  else 'select pollster.refresh_access()' end;
        return next;
    end loop;
    for a in select v.name, string_agg(b.opaque::text, ', ') as functions
             from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
             cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b
             where b.opaque is not null group by v.name order by 1 loop
        word := 'blind';
        what := format('the view %s calls %s, and what that reads is not known here', a.name, a.functions);
        remedy := 'give each table that it reads a trigger (docs/ADOPT.md), or write the function with `begin atomic`';
        return next;
    end loop;
    for a in select v.name from unnest('{users,walls,memberships}'::text[]) v(name)
             where exists (select from pollster.definitions_behind(to_regclass(format('%I.%I', a_schema, v.name))) d
                           where d ~* ('\m(now\(|current_timestamp|current_date|current_time\M|localtime|age\([^,]*\)|'
                                       || '(clock|statement|transaction)_timestamp\(|timeofday\()')) loop
        word := 'time';
        what := format('the view %s depends on the time of day: when access ends by it, no row changes and nobody is told', a.name);
        remedy := 'run select pollster.refresh_access() once a minute (cron), or let a job delete what has ended';
        return next;
    end loop;
    for a in select c.conrelid::regclass as rel, c.conname, c.confrelid::regclass as target, v.name
             from unnest('{memberships,sessions,posts}'::text[]) v(name)
             cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b
             join pg_constraint c on c.conrelid = b.rel and c.contype = 'f'
             where b.rel in (select p.oid from pg_class p where p.relnamespace = 'pollster_default'::regnamespace)
                 and c.confrelid not in (
                     select x.rel from unnest('{users,walls}'::text[]) y(name)
                     cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, y.name))) x where x.rel is not null) loop
        word := 'foreign-key';
        what := format('%s refers to %s, which is not behind the views any more', a.rel, a.target);
        remedy := 'drop the constraint';
        sql := format(E'alter table %s drop constraint %I;\n', a.rel, a.conname);
        return next;
        sql := null;
    end loop;
end $$;
