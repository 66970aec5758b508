-- The rest of `pollster adopt --check`: rights, columns that an insert must fill, rows, and whether sessions and posts
-- can be written.

-- Rights of the role that serves, and of whoever creates the triggers; columns that nobody fills.
create function pollster.adoption_tables(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    t record;
    reader constant name := (select r.rolname from pg_class c join pg_roles r on r.oid = c.relowner
                             where c.oid = to_regclass(format('%I.posts', a_schema)));
begin
    place := 1;
    for t in
        with behind as (
            select v.name, b.rel from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
            cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b where b.rel is not null
        ), written as (
            select distinct 'posts' as name, o.rel from pollster.origins_of(to_regclass(format('%I.posts', a_schema)), 'id') o
                where o.names = 'id' and o.exact
            union select distinct 'sessions', o.rel
                from pollster.origins_of(to_regclass(format('%I.sessions', a_schema)), 'user_id') o
                where o.names = 'token_hash' and o.exact
        )
        select distinct b.rel, r.right_to, c.relowner::regrole::text as owner, n.nspname
        from behind b join pg_class c on c.oid = b.rel join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (
            select 'select' as right_to
            union all select 'trigger' where c.relkind in ('r', 'p')
            union all select unnest('{insert,update,delete}'::text[])
                where b.rel in (select w.rel from written w where w.name = 'posts')
            union all select unnest('{insert,delete}'::text[])
                where b.rel in (select w.rel from written w where w.name = 'sessions')) r
        where not has_table_privilege(reader, b.rel, r.right_to) or not has_schema_privilege(reader, c.relnamespace, 'usage')
        order by 1, 2
    loop
        word := 'grant';
        what := format('the role %s, which serves, has no right to %s on %s, which belongs to %s', quote_ident(reader),
                       t.right_to, t.rel, t.owner);
        remedy := format('as %s', t.owner);
        sql := format(E'grant usage on schema %I to %I;\ngrant %s on %s to %I;\n', t.nspname, reader, t.right_to, t.rel, reader);
        return next;
    end loop;
    for t in
        select distinct o.rel, s.oid::regclass as sequence
        from unnest('{posts,sessions}'::text[]) v(name)
        cross join lateral pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') o
        join pg_attrdef d on d.adrelid = o.rel
        join pg_depend x on x.classid = 'pg_attrdef'::regclass and x.objid = d.oid and x.refclassid = 'pg_class'::regclass
        join pg_class s on s.oid = x.refobjid and s.relkind = 'S'
        where o.names in ('id', 'token_hash') and o.exact and not has_sequence_privilege(session_user, s.oid, 'usage')
    loop
        word := 'grant';
        what := format('the role %s may not draw numbers for %s', quote_ident(session_user), t.rel);
        remedy := 'as the owner of the table';
        sql := format(E'grant usage on sequence %s to %I;\n', t.sequence, session_user);
        return next;
    end loop;
    for t in
        select distinct v.name, o.rel, c.relowner::regrole::text as owner
        from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
        cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) o join pg_class c on c.oid = o.rel
        where c.relrowsecurity and not (select r.rolsuper or r.rolbypassrls from pg_roles r where r.rolname = reader)
            and (c.relforcerowsecurity or not pg_has_role(reader, c.relowner, 'usage'))
    loop
        word := 'row-security';
        what := format('row security hides rows of %s from the role %s: their users, walls or posts do not exist here',
                       t.rel, quote_ident(reader));
        remedy := 'a policy for that role, or a role that bypasses them';
        sql := format(E'create policy pollster on %s to %I using (true) with check (true);\n', t.rel, reader);
        return next;
    end loop;
    for t in
        select distinct v.name, o.rel, a.attname, format_type(a.atttypid, null) as type, y.typcategory as category, y.typname,
               exists (select from pg_constraint k where k.conrelid = o.rel and k.contype = 'f' and a.attnum = any (k.conkey)) as points,
               exists (select from pg_index i where i.indrelid = o.rel and i.indisunique and a.attnum = any (i.indkey)) as is_key
        from (values ('posts', 'id', '{wall_id,user_id,body}'::text[]),
                     ('sessions', 'token_hash', '{token_hash,user_id,created_at,expires_at}')) v(name, key, filled)
        cross join lateral pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') o
        join pg_attribute a on a.attrelid = o.rel and a.attnum > 0 and not a.attisdropped and a.attnotnull
        join pg_type y on y.oid = a.atttypid
        where o.names = v.key and o.exact and not a.atthasdef and a.attidentity = '' and a.attgenerated = ''
            and y.typtype <> 'd'
            and not exists (select from pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') f
                            where f.rel = o.rel and f.col = a.attname and f.exact and f.names = any (v.filled))
            and not exists (select from pg_trigger g where g.tgrelid = o.rel and g.tgtype & 7 = 7 and not g.tgisinternal
                            and (g.tgname <> 'pollster_numbers' or a.attnum = any (g.tgattr)))
    loop
        word := 'not-null';
        what := format('%s.%I is not null and has no default: what Pollster writes there is refused', t.rel, t.attname);
        sql := case when t.points then null when t.typname = 'timestamp' then '(now() at time zone ''UTC'')' when t.category = 'D' then 'now()'
                    when t.category = 'B' then 'false' when t.category = 'N' then '0'
                    when t.typname = 'uuid' then 'gen_random_uuid()'
                    when t.category = 'S' and t.is_key then 'gen_random_uuid()::text' when t.typname in ('json', 'jsonb') then '''{}'''
                    when t.category = 'A' then '''{}''' when t.category = 'S' then '''''' end;
        remedy := case when t.points then 'it points to another table: a default that exists there, or a trigger before insert '
                                           'that fills it'
                       when sql is null then 'give it a default'
                       when t.category in ('B', 'N', 'S', 'A') or t.typname like 'json%'
                           then 'give it the value that the application writes; this is a guess'
                       else 'give it a default' end;
        if sql is not null then
            sql := format(E'alter table %s alter %I set default %s;\n', t.rel, t.attname, sql);
        end if;
        return next;
    end loop;
end $$;

-- Rows that the contract cannot have twice, or that are nobody's.
create function pollster.adoption_of_rows(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    rule record;
    many bigint;
    example text;
begin
    place := 3;
    word := 'rows';
    for rule in select * from (values
        ('memberships', 'user_id, wall_id', 'user_id is not null and wall_id is not null',
         'the same user is a member of the same wall more than once', 'select distinct in the view of memberships'),
        ('users', 'id', 'true', 'several users have one id, of which an unspecified one counts', 'let the view show each once'),
        ('walls', 'id', 'true', 'several walls have one id, of which an unspecified one counts', 'let the view show each once'),
        ('posts', 'id', 'true', 'several posts have one id, of which an unspecified one counts',
         'let the view show each once; ids of several tables need one sequence'),
        ('users', 'name', 'password_hash is not null', 'several users with a password have one name; one of them cannot sign in',
         'a name for each, or the e-mail address as the name'),
        ('sessions', 'token_hash', 'token_hash is not null', 'several sessions have one token; if they are of several users it is nobody''s',
         'a unique index on it')) r(view, columns, condition, told, help)
    loop
        execute format('select count(*), min(k) from (select left(concat_ws('', '', %2$s), 100) as k from %1$I.%3$I where %4$s '
                       'group by %2$s having count(*) > 1 limit 1000) d', a_schema, rule.columns, rule.view, rule.condition)
            into many, example;
        if many > 0 then
            what := format('%s, %s times (%s %s)', rule.told, case when many = 1000 then 'over ' else '' end || many,
                           rule.columns, case when rule.view = 'sessions' then 'not shown' else example end);
            remedy := rule.help;
            return next;
        end if;
    end loop;
    for rule in select * from (values
        ('posts', 'wall_id'), ('posts', 'id'), ('memberships', 'user_id'), ('memberships', 'wall_id'), ('users', 'id'), ('walls', 'id'))
        r(view, col)
    loop
        execute format('select count(*) from (select from %1$I.%2$I where pollster.id_of(%3$I) is null limit 1000) d',
                       a_schema, rule.view, rule.col) into many;
        if many > 0 then
            what := format('%s rows of the view %s have no id in %s (a whole number from 1), and count as absent',
                           case when many = 1000 then 'over ' else '' end || many, rule.view, rule.col);
            remedy := 'leave them out of the view, if that is meant';
            return next;
        end if;
    end loop;
    execute format('select count(*) from (select from %1$I.posts p where not exists (select from pollster.heads h '
                   'where h.wall_id = p.wall_id) and exists (select from %1$I.walls w where w.id = p.wall_id) limit 1000) d', a_schema)
        into many;
    if many > 0 then
        place := 8;
        word := 'entries';
        what := format('%s posts are on walls without a feed: they were written before the trigger',
                       case when many = 1000 then 'over ' else '' end || many);
        remedy := 'number them';
        sql := E'select pollster.adopt_posts();\n';
        return next;
    end if;
end $$;

-- Writes a session and a post, changes and deletes it, all for a member who is there, and takes everything back.
create function pollster.adoption_trial() returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off set lock_timeout = '2s'
as $$
declare
    who bigint;
    wall bigint;
    post bigint;
    step text := 'a session';
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
    begin
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
        raise exception using errcode = 'PA000', message = 'all is well';
    exception when sqlstate 'PA000' then
        return;
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
end $$;

-- All of it, in the order in which the SQL is to be run.
create function pollster.adoption(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
begin
    return query select * from pollster.adoption_tables(a_schema);
    return query select * from pollster.adoption_indexes(a_schema);
    return query select * from pollster.adoption_views(a_schema);
    return query select * from pollster.adoption_of_rows(a_schema);
    return query select * from pollster.adoption_triggers(a_schema);
    if a_schema = 'pollster' then
        return query select * from pollster.adoption_trial();
    end if;
end $$;

revoke execute on function pollster.adoption_tables, pollster.adoption_of_rows, pollster.adoption_trial, pollster.adoption from public;
