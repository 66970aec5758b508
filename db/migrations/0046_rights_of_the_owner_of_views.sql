-- The rights that `pollster adopt --check` asks for are those of the role that owns the views.

-- As in 0027. The roles are those of the views and of the functions as they are, also while a draft is looked at, and
-- whoever asks: the one that serves needs no right on a table.
create or replace function pollster.adoption_tables(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    t record;
    reader constant name := (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = 'pollster.posts'::regclass);
    writer constant name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'pollster');
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
        what := format('the role %s, which owns the views, has no right to %s on %s, which belongs to %s', quote_ident(reader),
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
        where o.names in ('id', 'token_hash') and o.exact
            and case when s.relkind = 'S' then not has_sequence_privilege(writer, s.oid, 'usage') end -- an error of others
    loop
        word := 'grant';
        what := format('the role %s may not draw numbers for %s', quote_ident(writer), t.rel);
        remedy := 'as the owner of the table';
        sql := format(E'grant usage on sequence %s to %I;\n', t.sequence, writer);
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
                          sql, t.attname, t.rel, reader);
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
