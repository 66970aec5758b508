-- People, groups, rooms, bans, holders (of a room, one after the other), events, settings: what views are made of.
-- `not_told()` judges the triggers that `pollster adopt --check` prints (lost_access_pgtest.cpp).
create table usr (id int primary key, active bool, email text, lead int, plan text);
create table wall (open bool, owner int, level int, id int primary key);
create table grp (id int primary key, open bool, parent int);
create table ug (level int, g int, u int, status text);
create table gw (g int, w int);
create table ban (uid int, email text, w int);
create table holder (w int, u int, at int);
create table ev (at int, u int, w int, status text);
create table setting (k text, v text);
create table rol (g int, r int);
create table perm (r int, w int);
create table msg (id int primary key, w int, u int, t text);
insert into usr select i, true, 'e' || i, 1 + (i + 1) % 10, case when i % 2 = 0 then 'pro' else 'free' end from generate_series(1, 10) i;
insert into wall select i % 3 = 0, 1 + i % 10, i % 3, i from generate_series(1, 6) i;
insert into grp select i, true, case when i > 2 then i - 2 end from generate_series(1, 5) i;
insert into ug select i % 3, 1 + i % 5, i, case i % 4 when 0 then 'left' else 'active' end from generate_series(1, 10) i;
insert into ug select 2, 1 + (i + 2) % 5, i, 'active' from generate_series(1, 10) i;
insert into gw select 1 + i % 5, 1 + i % 6 from generate_series(1, 9) i;
insert into ban values (3, null, null), (null, 'e4', null), (5, null, 2);
insert into holder select 1 + i % 6, 1 + i % 10, i from generate_series(1, 20) i;
insert into ev select i, 1 + i % 10, 1 + i % 6, case i % 5 when 0 then 'left' else 'active' end from generate_series(1, 60) i;
insert into setting values ('open', '1');
insert into rol select i, 1 + i % 3 from generate_series(1, 5) i;
insert into perm select 1 + i % 3, 1 + i % 6 from generate_series(1, 7) i;
insert into msg select i, 1 + i % 6, 1 + i % 10, 'm' from generate_series(1, 50) i;


create table kind (of text, name text, made_of text);
insert into kind values
    ('memberships', 'groups',
     $$select distinct ug.u, gw.w from ug join gw using (g) where status = 'active'$$),
    ('memberships', 'one table',
     $$select distinct u, w from ev where status = 'active'$$),
    ('memberships', 'one table, grouped',
     $$select u, w from ev group by w, u having bool_and(status = 'active')$$),
    ('memberships', 'counted',
     $$select u, w from holder group by u, w having count(*) = (select count(*) from gw where gw.w = holder.w)$$),
    ('memberships', 'the first of a kind',
     $$select distinct on (w) u, w from holder order by w, at desc$$),
    ('memberships', 'the first, joined',
     $$select usr.id, x.w from (select distinct on (w) w, u from holder order by w, at desc) x join usr on usr.id
     = x.u$$),
    ('memberships', 'the newest event',
     $$select u, w from (select distinct on (u, w) u, w, status from ev order by u, w, at desc) e where status =
     'active'$$),
    ('memberships', 'a rank',
     $$select u, w from (select u, w, row_number() over (partition by w order by at desc) n from holder) e where n
     = 1$$),
    ('memberships', 'a rank, joined',
     $$select usr.id, x.w from (select w, u, row_number() over (partition by w order by at desc) n from holder) x
     join usr on usr.id = x.u and x.n <= usr.lead - usr.lead + 1$$),
    ('memberships', 'a quota',
     $$select distinct q.u, gw.w from (select u, g, rank() over (partition by g order by level desc, u) r from ug)
     q join gw on gw.g = q.g and q.r <= 2 + gw.w - gw.w$$),
    ('memberships', 'a limit for each wall',
     $$select x.u, wall.id from wall cross join lateral (select h.u from holder h where h.w = wall.id order by
     h.at desc limit 1) x$$),
    ('memberships', 'a limit in an expression',
     $$select usr.id, wall.id from wall join usr on usr.id = (select h.u from holder h where h.w = wall.id order
     by h.at desc limit 1)$$),
    ('memberships', 'a limit of all',
     $$select usr.id, x.w from usr join (select u, w from holder order by at desc limit 4) x on x.u = usr.id$$),
    ('memberships', 'the newest, compared',
     $$select h.u, h.w from holder h where h.at = (select max(at) from holder x where x.w = h.w)$$),
    ('memberships', 'none newer',
     $$select h.u, h.w from holder h where not exists (select from holder x where x.w = h.w and x.at > h.at)$$),
    ('memberships', 'except',
     $$select distinct ug.u, gw.w from ug join gw using (g) except select uid, w from ban where w is not null$$),
    ('memberships', 'not in',
     $$select distinct ug.u, gw.w from ug join gw using (g) where ug.u not in (select uid from ban where uid is
     not null)$$),
    ('memberships', 'not in, with nulls',
     $$select distinct ug.u, gw.w from ug join gw using (g) where ug.u not in (select uid from ban)$$),
    ('memberships', 'banned by either',
     $$select distinct ug.u, gw.w from ug join gw using (g) join usr on usr.id = ug.u where not exists (select
     from ban where ban.email = usr.email or ban.uid = usr.id)$$),
    ('memberships', 'banned by address',
     $$select distinct ug.u, gw.w from ug join gw using (g) join usr on usr.id = ug.u where not exists (select
     from ban where ban.email = usr.email)$$),
    ('memberships', 'banned from a wall',
     $$select distinct ug.u, gw.w from ug join gw using (g) left join ban on ban.uid = ug.u and ban.w = gw.w where
     ban.uid is null$$),
    ('memberships', 'left since',
     $$select distinct ug.u, gw.w from ug join gw using (g) left join lateral (select status from ev where ev.u =
     ug.u and ev.w = gw.w order by at desc limit 1) e on true where e.status is distinct from 'left'$$),
    ('memberships', 'roles',
     $$select distinct ug.u, perm.w from ug join rol using (g) join perm using (r)$$),
    ('memberships', 'groups of groups',
     $$with recursive t(u, g) as (select u, g from ug union select t.u, grp.parent from t join grp on grp.id = t.g
     where grp.parent is not null) select distinct t.u, gw.w from t join gw using (g)$$),
    ('memberships', 'chiefs, too',
     $$select distinct usr.lead, gw.w from ug join usr on usr.id = ug.u join gw using (g) union select ug.u, gw.w from ug
     join gw using (g)$$),
    ('memberships', 'owners, too',
     $$select owner, id from wall union select ug.u, gw.w from ug join gw using (g)$$),
    ('memberships', 'open walls',
     $$select usr.id, wall.id from usr cross join wall where wall.open$$),
    ('memberships', 'by plan',
     $$select usr.id, wall.id from usr join wall on wall.open or usr.plan = 'pro'$$),
    ('memberships', 'by level',
     $$select distinct ug.u, gw.w from ug join gw using (g) join wall on wall.id = gw.w and ug.level >= wall.level$$),
    ('memberships', 'a setting',
     $$select distinct ug.u, gw.w from ug join gw using (g) cross join setting s where s.k = 'open' and s.v = '1'$$),
    ('memberships', 'a setting, asked',
     $$select usr.id, wall.id from usr, wall where (select v from setting where k = 'open') = '1'$$),
    ('memberships', 'small groups',
     $$select distinct ug.u, gw.w from ug join gw using (g) where (select count(*) from ug x where x.g = ug.g) < 6$$),
    ('memberships', 'a group with a chief',
     $$select distinct ug.u, gw.w from ug join gw using (g) where exists (select from ug x join usr on usr.id =
     x.u where x.g = ug.g and usr.active and x.level = 2)$$),
    ('memberships', 'made of',
     $$select distinct coalesce(ug.u, 0), gw.w from ug join gw using (g)$$),
    ('memberships', 'of a case',
     $$select distinct case when grp.open then ug.u end, gw.w from ug join gw using (g) join grp on grp.id = ug.g$$),
    ('memberships', 'both sides',
     $$select coalesce(ug.u, h.u), coalesce(gw.w, h.w) from (ug join gw using (g)) full join holder h on h.u =
     ug.u and h.w = gw.w group by 1, 2$$),
    ('memberships', 'in both',
     $$select distinct ug.u, gw.w from ug join gw using (g) intersect select u, w from ev where status = 'active'$$),
    ('memberships', 'who is in a group with a holder',
     $$select distinct a.u, h.w from ug a join ug b on a.g = b.g join holder h on h.u = b.u$$),
    ('users', 'a ban that is joined',
     $$select usr.id, usr.email, null::text, ban.uid is not null from usr left join ban on ban.uid = usr.id$$),
    ('users', 'bans that are counted',
     $$select usr.id, usr.email, null::text, count(ban.uid) > 0 from usr left join ban on ban.uid = usr.id group
     by usr.id$$),
    ('users', 'a ban that exists',
     $$select id, email, null::text, exists (select from ban where uid = usr.id) from usr$$),
    ('users', 'a ban by address',
     $$select usr.id, usr.email, null::text, ban.email is not null from usr left join ban on ban.email = usr.email$$),
    ('users', 'the newest event',
     $$select distinct on (usr.id) usr.id, usr.email, null::text, e.status = 'left' from usr left join ev e on e.u
     = usr.id order by usr.id, e.at desc$$),
    ('users', 'the chief''s',
     $$select a.id, a.email, null::text, not b.active from usr a left join usr b on b.id = a.lead$$),
    ('users', 'an address that is not the only one',
     $$select id, email, null::text, n > 1 from (select *, count(*) over (partition by email) n from usr) q$$),
    ('users', 'the first with an address',
     $$select distinct on (email) id, email, null::text, not active from usr order by email, id desc$$);

create table change (n int generated by default as identity, made_by text);
insert into change (made_by) values
    ($$delete from ug where u = 2$$),
    ($$update ug set status = 'left' where u = 3$$),
    ($$update ug set u = 7 where u = 2 and g = 3$$),
    ($$delete from gw where g = 2$$),
    ($$update gw set w = 1 where g = 3$$),
    ($$update grp set open = false where id = 2$$),
    ($$update grp set parent = null where id = 4$$),
    ($$delete from grp where id = 3$$),
    ($$insert into ban values (2)$$),
    ($$insert into ban (email) values ('e6')$$),
    ($$insert into ban (uid, w) values (1, 1)$$),
    ($$insert into ban values (null)$$),
    ($$delete from ban$$),
    ($$insert into holder values (1, 9, 100)$$),
    ($$insert into holder values (2, 8, 101), (3, 8, 101)$$),
    ($$update holder set at = 99 where u = 2$$),
    ($$update holder set u = 10 where at = 20$$),
    ($$delete from holder where at > 15$$),
    ($$insert into ev select 200, i, w, 'left' from generate_series(1, 4) i, generate_series(1, 6) w$$),
    ($$delete from ev where status = 'active' and at > 50$$),
    ($$delete from ev where u = 2$$),
    ($$update setting set v = '0'$$),
    ($$delete from setting$$),
    ($$delete from rol where g = 2$$),
    ($$update rol set r = 3 where g = 1$$),
    ($$delete from perm where w = 2$$),
    ($$update usr set lead = 4 where id < 4$$),
    ($$update usr set active = false where id in (2, 3)$$),
    ($$update usr set plan = 'free'$$),
    ($$update usr set email = 'e1' where id = 2$$),
    ($$insert into usr values (11, true, 'e5')$$),
    ($$delete from usr where id = 9$$),
    ($$update wall set owner = 2$$),
    ($$update wall set open = not open$$),
    ($$update wall set level = 9 where id = 2$$),
    ($$delete from wall where id = 4$$),
    ($$update ug set level = 0$$),
    ($$insert into ug select 9, g, 9, 'active' from generate_series(1, 4) g$$),
    ($$delete from ug; delete from grp; delete from gw$$),
    ($$truncate holder$$),
    ($$truncate ban$$),
    ($$truncate gw$$);

create view who_sees_what as select null::bigint as user_id, null::bigint as wall_id;

-- For each kind of view: makes it, and the triggers that the check prints. Then for each change: who sees something
-- else after it, and is not told? All of it is taken back.
create function not_told() returns setof text language plpgsql as $$
declare
    k record;
    c record;
    s record;
    missing text;
    result text[];
    before who_sees_what[];
begin
    for k in select * from kind loop
        begin
            drop view pollster.memberships, pollster.users, pollster.walls, pollster.posts;
            execute 'create view pollster.memberships (user_id, wall_id) as '
                || case k.of when 'memberships' then k.made_of else 'select distinct ug.u, gw.w from ug join gw using (g)' end;
            execute 'create view pollster.users (id, name, password_hash, disabled) as '
                || case k.of when 'users' then k.made_of else 'select id, email, null::text, not active from usr' end;
            create view pollster.walls as select id, 'w' || id as name, 'chat'::text as kind from wall;
            create view pollster.posts as select id, w as wall_id, u as user_id, t as body, null::timestamptz as created_at,
                null::timestamptz as edited_at from msg;
            create or replace view who_sees_what as
                select distinct m.user_id::bigint, m.wall_id::bigint from pollster.memberships m
                join pollster.users u on u.id = m.user_id join pollster.walls w on w.id = m.wall_id where not u.disabled;
            for s in select a.sql from pollster.adoption_triggers() a where a.sql is not null loop
                execute s.sql;
            end loop;
            result := '{}';
            before := array(select w from who_sees_what w);
            for c in select * from change order by n loop
                begin
                    execute c.made_by;
                    set constraints all immediate;
                    select string_agg(format('%s/%s', x.user_id, x.wall_id), ' ') into missing
                        from ((select b.user_id, b.wall_id from unnest(before) b except table who_sees_what)
                              union all (table who_sees_what except select b.user_id, b.wall_id from unnest(before) b)) x
                        where not exists (
                            select from pollster.access_changes a where a.changed_by = pg_current_xact_id()
                                and (a.kind in ('everybody', 'everything') or a.kind = 'access' and a.user_id = x.user_id
                                     or a.kind in ('members', 'removed') and a.wall_id = x.wall_id));
                    raise exception using errcode = 'PA001';
                exception when sqlstate 'PA001' then
                    null;
                end;
                if missing is not null then
                    result := result || format('%s, %s: after %s %s is not told', k.of, k.name, c.made_by, missing);
                end if;
            end loop;
            raise exception using errcode = 'PA001';
        exception when sqlstate 'PA001' then
            return query select unnest(result);
        when others then
            return next format('%s, %s: %s', k.of, k.name, sqlerrm);
        end;
    end loop;
end $$;
