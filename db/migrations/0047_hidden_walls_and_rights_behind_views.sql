-- What comes to a wall while it is not shown, what comes twice in one transaction, and whose rights count.

-- Internal: as in 0040; posts of a wall that is not in the view get their entries, too.
create or replace function pollster.append_entries(a_wall bigint, a_posts bigint[], a_kinds text[], a_users bigint[]) returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    many bigint := cardinality(a_posts);
    moment constant timestamptz := clock_timestamp();
    moment_stamp constant bigint := (extract(epoch from moment) * 1000000)::bigint;
    newest bigint;
    at_head bigint;
begin
    -- A removed wall takes its posts and its feed along; nobody is left to be told about each. One that is only not shown
    -- (archived, deleted softly) is shown again one day, and lacks nothing then.
    if not exists (select from pollster.walls w where w.id = a_wall)
            and not exists (select from pollster.heads h where h.wall_id = a_wall) then
        select array_agg(e.post order by e.n), array_agg(e.kind order by e.n), array_agg(e.author order by e.n), count(*)
            into a_posts, a_kinds, a_users, many
            from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n)
            where exists (select from pollster.posts p where p.id = e.post and p.wall_id = a_wall);
        if many = 0 then
            return null;
        end if;
    end if;
    -- When the id of a removed wall has come back in this transaction, what is deleted now was the former wall's.
    if 'delete' = any (a_kinds) and exists (select from pollster.access_changes c where c.changed_by = pg_current_xact_id()
                                                and c.wall_id = a_wall and c.kind = 'removed') then
        select array_agg(e.post order by e.n), array_agg(e.kind order by e.n), array_agg(e.author order by e.n), count(*)
            into a_posts, a_kinds, a_users, many
            from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n) where e.kind <> 'delete';
        if many = 0 then
            return null;
        end if;
    end if;
    update pollster.heads as h
        set last_entry = h.last_entry + many, changed_by = pg_current_xact_id(), stamp = moment_stamp
        where h.wall_id = a_wall
        returning h.last_entry into newest;
    if not found then
        -- Above what a head that went by hand has left.
        insert into pollster.heads as h (wall_id, last_entry, changed_by, stamp)
            values (a_wall, many + coalesce((select max(e.id) from pollster.entries e where e.wall_id = a_wall), 0), pg_current_xact_id(),
                    moment_stamp)
            on conflict (wall_id) do update
                set last_entry = h.last_entry + many, changed_by = excluded.changed_by, stamp = moment_stamp
            returning h.last_entry into newest;
    end if;
    insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
        select a_wall, newest - many + e.n, e.post, e.kind, e.author, moment
        from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n);
    perform pollster.hint('pollster_walls', a_wall::text);
    return newest;
end $$;

-- Internal: as in 0010. A topic and its first post in one transaction both make the post's entry (posts_shown_by): one of
-- them is numbered.
create or replace function pollster.number_pending(a_from bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    collected record;
begin
    for collected in
        with mine as (
            delete from pollster.pending p where p.id >= a_from and p.changed_by = pg_current_xact_id()
                returning p.id, p.wall_id, p.post_id, p.kind, p.user_id
        ), moves as (
            select m.*, lag(m.kind) over (partition by m.wall_id, m.post_id, m.kind = 'edit' order by m.id) as before from mine m
            where m.wall_id is not null
        )
        select m.wall_id, array_agg(m.post_id order by m.id) as posts, array_agg(m.kind order by m.id) as kinds,
               array_agg(m.user_id order by m.id) as users
        from moves m where m.kind = 'edit' or m.kind is distinct from m.before group by m.wall_id order by m.wall_id
    loop
        perform pollster.append_entries(collected.wall_id, collected.posts, collected.kinds, collected.users);
    end loop;
end $$;

-- As in 0017; a wall is gone if its posts are.
create or replace function pollster.walls_to_repair(a_above bigint, a_limit bigint) returns table (wall_id bigint, removed boolean)
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    with recursive with_entries(id) as (
        (select e.wall_id from pollster.entries e where e.wall_id > a_above order by e.wall_id limit 1)
        union all
        select (select e.wall_id from pollster.entries e where e.wall_id > w.id order by e.wall_id limit 1)
            from with_entries w where w.id is not null
    )
    select a.id, not exists (select from pollster.walls w where w.id = a.id) and not exists (select from pollster.posts p
                                                                                            where p.wall_id = a.id)
    from ((select pollster.id_of(w.id) as id from pollster.walls w
           where w.id > greatest(a_above, 0) and pollster.id_of(w.id) is not null order by w.id limit a_limit)
          union (select h.wall_id from pollster.heads h where h.wall_id > a_above order by h.wall_id limit a_limit)
          union (select w.id from with_entries w where w.id is not null limit a_limit)) a
    order by a.id limit a_limit
$$;

-- Internal: with whose rights each view of the contract is read. A draft's views, which are temporary, will belong to
-- those to whom the present ones do.
create function pollster.readers_of_views() returns table (name text, reader name)
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select v.name, r.rolname from unnest('{users,walls,memberships,sessions,posts}'::text[]) v(name)
    join pg_class c on c.oid = to_regclass('pollster.' || v.name) join pg_roles r on r.oid = c.relowner
$$;

-- Internal: may a role see, or write, all rows of a table that has row security, by its policies? A policy that names the
-- role itself was written for it, and counts whatever it says. `obstacles`: restrictive policies that no other makes up for.
create function pollster.policies_for(a_rel regclass, a_role oid, a_command "char", out is_let boolean, out obstacles text[])
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(bool_or(p.polpermissive and (p.is_named or p.is_open)), false),
           coalesce(array_agg(quote_ident(p.polname)) filter (where not p.polpermissive and not p.is_named and not p.is_open), '{}')
    from (select o.polname, o.polpermissive, a_role = any (o.polroles) as is_named,
                 (a_command = 'a' or coalesce(pg_get_expr(o.polqual, o.polrelid), 'true') = 'true')
                 and (a_command not in ('a', 'w') or coalesce(pg_get_expr(o.polwithcheck, o.polrelid),
                                                             pg_get_expr(o.polqual, o.polrelid), 'true') = 'true') as is_open
          from pg_policy o
          where o.polrelid = a_rel and o.polcmd in ('*', a_command)
              and exists (select from unnest(o.polroles) x(role) where x.role = 0 or pg_has_role(a_role, x.role, 'usage'))) p
$$;

-- Internal: pollster, and not one that is there.
create function pollster.new_policy_name(a_rel regclass) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select x.name from generate_series(1, 100) n
    cross join lateral (select case when n = 1 then 'pollster' else 'pollster_' || n end as name) x
    where not exists (select from pg_policy p where p.polrelid = a_rel and p.polname = x.name::name)
    order by n limit 1
$$;

-- As in 0027, by the rights of those to whom the views and the functions belong, whoever asks, also while a draft is looked at: the
-- role that serves needs no right on a table. Policies that are there count, and a view that is written by a trigger fills what that
-- fills.
create or replace function pollster.adoption_tables(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    t record;
    -- Whose rights count where the functions write.
    writer constant name := (select r.rolname from pg_namespace n join pg_roles r on r.oid = n.nspowner where n.nspname = 'pollster');
begin
    place := 1;
    for t in
        with behind as (
            select v.name, b.rel, v.reader from pollster.readers_of_views() v
            cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) b where b.rel is not null
        ), written as (
            select distinct 'posts' as name, o.rel from pollster.origins_of(to_regclass(format('%I.posts', a_schema)), 'id') o
                where o.names = 'id' and o.exact
            union select distinct 'sessions', o.rel
                from pollster.origins_of(to_regclass(format('%I.sessions', a_schema)), 'user_id') o
                where o.names = 'token_hash' and o.exact
        )
        select distinct b.rel, b.reader, r.right_to, c.relowner::regrole::text as owner, n.nspname
        from behind b join pg_class c on c.oid = b.rel join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (
            select 'select' as right_to
            union all select 'trigger' where c.relkind in ('r', 'p')
            union all select unnest('{insert,update,delete}'::text[])
                where b.rel in (select w.rel from written w where w.name = 'posts')
            union all select unnest('{insert,delete}'::text[])
                where b.rel in (select w.rel from written w where w.name = 'sessions')) r
        where not has_table_privilege(b.reader, b.rel, r.right_to) or not has_schema_privilege(b.reader, c.relnamespace, 'usage')
        order by 1, 2, 3
    loop
        word := 'grant';
        what := format('the role %s, which owns the views, has no right to %s on %s, which belongs to %s', quote_ident(t.reader),
                       t.right_to, t.rel, t.owner);
        remedy := format('as %s', t.owner);
        sql := format(E'grant usage on schema %I to %I;\ngrant %s on %s to %I;\n', t.nspname, t.reader, t.right_to, t.rel, t.reader);
        return next;
    end loop;
    for t in
        select distinct o.rel, s.oid::regclass as sequence
        from unnest('{posts,sessions}'::text[]) v(name)
        cross join lateral pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') o
        join pg_attrdef d on d.adrelid = o.rel
        join pg_depend x on x.classid = 'pg_attrdef'::regclass and x.objid = d.oid and x.refclassid = 'pg_class'::regclass
        join pg_class s on s.oid = x.refobjid and s.relkind = 'S'
        where o.names in ('id', 'token_hash') and o.exact
            and case when s.relkind = 'S' then not has_sequence_privilege(writer, s.oid, 'usage') end
    loop
        word := 'grant';
        what := format('the role %s may not draw numbers for %s', quote_ident(writer), t.rel);
        remedy := 'as the owner of the table';
        sql := format(E'grant usage on sequence %s to %I;\n', t.sequence, writer);
        return next;
    end loop;
    for t in
        select b.rel, b.reader, pollster.new_policy_name(b.rel) as name, bool_or(p.obstacles <> '{}') as is_refused,
               string_agg(distinct o.obstacle, ', ') as obstacles
        from (select distinct o.rel, v.reader, unnest(case v.name when 'posts' then '{r,a,w,d}' when 'sessions' then '{r,a,d}'
                                                      else '{r}' end::"char"[]) as command
              from pollster.readers_of_views() v
              cross join lateral pollster.behind(to_regclass(format('%I.%I', a_schema, v.name))) o where o.rel is not null) b
        join pg_class c on c.oid = b.rel join pg_roles r on r.rolname = b.reader
        cross join lateral pollster.policies_for(b.rel, r.oid, b.command) p left join lateral unnest(p.obstacles) o(obstacle) on true
        where c.relrowsecurity and not (r.rolsuper or r.rolbypassrls)
            and (c.relforcerowsecurity or not pg_has_role(r.oid, c.relowner, 'usage'))
            and not (p.is_let and p.obstacles = '{}')
        group by b.rel, b.reader
    loop
        word := 'row-security';
        what := format('row security hides rows of %s from the role %s: their users, walls or posts do not exist here',
                       t.rel, quote_ident(t.reader));
        remedy := case when t.is_refused then 'a role that bypasses it, or no restrictive policy for that role: ' || t.obstacles
                       else 'a policy for that role, or a role that bypasses them' end;
        sql := case when not t.is_refused
                    then format(E'create policy %I on %s to %I using (true) with check (true);\n', t.name, t.rel, t.reader) end;
        return next;
    end loop;
    for t in
        select distinct v.name, o.rel, a.attname, format_type(a.atttypid, null) as type, y.typcategory as category, y.typname,
               exists (select from pg_constraint k where k.conrelid = o.rel and k.contype = 'f' and a.attnum = any (k.conkey)) as points,
               exists (select from pg_index i where i.indrelid = o.rel and i.indisunique and a.attnum = any (i.indkey)) as is_key,
               exists (select from pg_index i where i.indrelid = o.rel and i.indisunique
                       and a.attnum = i.indkey[i.indnkeyatts - 1]) as ends_key, n.nspname, c.relname
        from (values ('posts', 'id', '{wall_id,user_id,body}'::text[]),
                     ('sessions', 'token_hash', '{token_hash,user_id,created_at,expires_at}')) v(name, key, filled)
        cross join lateral pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') o
        join pg_class c on c.oid = o.rel join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = o.rel and a.attnum > 0 and not a.attisdropped and a.attnotnull
        join pg_type y on y.oid = a.atttypid
        where o.names = v.key and o.exact and not a.atthasdef and a.attidentity = '' and a.attgenerated = ''
            and y.typtype <> 'd'
            and not exists (select from pollster.origins_of(to_regclass(format('%I.%I', a_schema, v.name)), 'user_id') f
                            where f.rel = o.rel and f.col = a.attname and f.exact
                                and (f.names = any (v.filled) or f.names = 'group')) -- the row that it points to
            and not exists (select from pg_trigger g where g.tgrelid = to_regclass(format('%I.%I', a_schema, v.name))
                            and not g.tgisinternal and g.tgtype & 68 = 68) -- instead of insert, which is tried
            and not exists (select from pg_trigger g where g.tgrelid = o.rel and g.tgtype & 7 = 7 and not g.tgisinternal
                            and (g.tgname <> 'pollster_numbers' or a.attnum = any (g.tgattr)))
    loop
        word := 'not-null';
        what := format('%s.%I is not null and has no default: what Pollster writes there is refused', t.rel, t.attname);
        sql := case when t.points then null when t.typname = 'timestamp' then '(now() at time zone ''UTC'')'
                    when t.category = 'D' then 'now()'
                    when t.category = 'B' then 'false' when t.category = 'N' then '0'
                    when t.typname = 'uuid' then 'gen_random_uuid()'
                    when t.category = 'S' and t.is_key then 'gen_random_uuid()::text' when t.typname in ('json', 'jsonb') then '''{}'''
                    when t.category = 'A' then '''{}''' when t.category = 'S' then '''''' end;
        if t.ends_key and not t.points and t.category = 'N' then -- one value for all of them would do once
            sql := format('%I.%I', t.nspname, left(t.relname, 30) || '_' || left(t.attname, 20) || '_seq');
            remedy := 'give it numbers of a sequence, if the application does not mind; this is a guess';
            sql := format(E'create sequence %1$s;\nselect setval(%1$L, coalesce(max(%2$I)::bigint, 0) + 1, false) from %3$s;\n'
                          'grant usage on sequence %1$s to %4$I;\nalter table %3$s alter %2$I set default nextval(%1$L);\n',
                          sql, t.attname, t.rel, writer);
            return next;
            continue;
        end if;
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

-- As in 0033; also posts that have got no entry.
create or replace function pollster.adoption_of_rows(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    rule record;
    many bigint;
    example text;
    -- What people sign in with.
    signs_in_by constant text := case when exists (
        select from pg_attribute a where a.attrelid = to_regclass(format('%I.users', a_schema)) and a.attname = 'login'
            and not a.attisdropped) then 'login' else 'name' end;
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
        ('users', signs_in_by, 'password_hash is not null and ' || signs_in_by || ' is not null',
         'several users with a password have one ' || signs_in_by || '; one of them cannot sign in',
         'one for each; the e-mail address, say, as a column login of the view'),
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
    elsif a_schema = 'pollster' then
        select count(*) into many from (
            select from pollster.posts p
            where exists (select from pollster.walls w where w.id = p.wall_id)
                and not exists (select from pollster.entries e where e.post_id = p.id and e.wall_id = p.wall_id and e.kind = 'post')
            limit 1000) d;
        if many > 0 then
            place := 8;
            word := 'entries';
            what := format('%s posts have no entry, so no client shows them: they were written with triggers off, or while '
                           'an earlier version did not see their wall', case when many = 1000 then 'over ' else '' end || many);
            remedy := '`pollster repair`, or';
            sql := E'select from pollster.repair();\n';
            return next;
        end if;
    end if;
end $$;

revoke execute on function pollster.readers_of_views, pollster.policies_for, pollster.new_policy_name from public;
