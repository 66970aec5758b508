-- A first draft of the contract's views over tables that were never seen before: `pollster adopt`. It goes by the names
-- that frameworks and people give to such tables and columns; a person reads it and corrects it. What belongs to a view
-- once it is right (triggers, indexes, rights) is derived from the view itself (0023 to 0027).

-- Internal: of these columns of a table the first that it has.
create function pollster.column_called(a_rel regclass, variadic names text[]) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select a.attname::text from unnest(names) with ordinality n(name, n)
    join pg_attribute a on a.attrelid = a_rel and lower(replace(a.attname, '_', '')) = replace(n.name, '_', '')
        and a.attnum > 0 and not a.attisdropped
    order by n.n limit 1
$$;

create function pollster.singular(a_noun text) returns text language sql immutable parallel safe
    return case when a_noun ~* 'people$' then regexp_replace(a_noun, 'people$', 'person', 'i')
                when a_noun ~* 'ies$' then regexp_replace(a_noun, 'ies$', 'y', 'i')
                when a_noun ~* '(ss|x|ch|sh)es$' then regexp_replace(a_noun, 'es$', '', 'i')
                else regexp_replace(a_noun, 's$', '', 'i') end;

-- Internal: the column of one table that points to another: by a foreign key, or by its name (room_id, "roomId").
create function pollster.column_to(a_from regclass, a_to regclass) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select c from (
        select a.attname::text as c, 1 as way, a.attnum
        from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
        where k.contype = 'f' and k.conrelid = a_from and k.confrelid = a_to and cardinality(k.conkey) = 1
        union all
        select a.attname::text, 2, a.attnum
        from pg_attribute a join pg_class t on t.oid = a_to
        where a.attrelid = a_from and a.attnum > 0 and not a.attisdropped
            and lower(replace(a.attname, '_', '')) in (
                select lower(replace(pollster.singular(n), '_', '')) || 'id'
                from unnest(array[t.relname::text, regexp_replace(t.relname, '^.*_', '')]) n)
    ) x order by way, attnum limit 1
$$;

-- Internal: the column that is a table's primary key by itself.
create function pollster.key_of(a_rel regclass) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select a.attname::text from pg_index i join pg_attribute a on a.attrelid = a_rel and a.attnum = i.indkey[0]
    where i.indrelid = a_rel and i.indisprimary and i.indnkeyatts = 1
    union all select pollster.column_called(a_rel, 'id') limit 1
$$;

-- Internal: the column by which Pollster knows a row: the key if that is a number, or the one that the draft adds.
create function pollster.number_of(a_rel regclass) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select a.attname::text from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = a_rel and a.attname in ('pollster_id', pollster.key_of(a_rel)) and t.typcategory = 'N'
        and not a.attisdropped
    order by a.attname <> 'pollster_id' limit 1
$$;

-- Internal: the column of a table of posts that says the author.
create function pollster.author_of(a_posts regclass, a_users regclass) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(pollster.column_to(a_posts, a_users), pollster.column_called(
        a_posts, 'author_id', 'sender_id', 'from_id', 'created_by', 'creator_id', 'owner_id'))
$$;

-- Internal: what is true of a row that is there, by columns that usually mark one as deleted; empty: there are none.
create function pollster.is_there(a_rel regclass, a_alias text) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(case
        when t.typcategory = 'D' then format('%s.%I is null', a_alias, a.attname)
        when t.typcategory = 'B' then format('%s.%I is not true', a_alias, a.attname)
        else format('%s.%I is distinct from 1', a_alias, a.attname) end, ' and ' order by a.attnum), '')
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = a_rel and a.attnum > 0 and not a.attisdropped and t.typcategory in ('D', 'B', 'N')
        and lower(replace(a.attname, '_', '')) in ('deletedat', 'discardedat', 'removedat', 'deleted', 'isdeleted', 'removed',
                                                   'hidden', 'ishidden', 'archivedat', 'disabledat', 'leftat',
                                                   'revokedat', 'kickedat')
$$;

-- Which tables they are, as far as names tell; null: none.
create function pollster.tables_guessed(out users regclass, out walls regclass, out posts regclass, out members regclass,
                                        out group_people regclass, out group_walls regclass, out groups regclass,
                                        out tokens regclass)
    language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    tables constant regclass[] := array(
        select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^(pg_|information_schema$|pollster)'
        order by c.relname);
    bodies constant text[] := '{body,content,contents,text,message,message_text,comment,msg,note}';
begin
    select t into users from unnest(tables) t join pg_class c on c.oid = t
        where pollster.key_of(t) is not null
        order by (lower(c.relname) ~ '(^|_)(users?|people|persons?|accounts?|members?|customers?|employees?)$')::int * 4
            + (pollster.column_called(t, 'encrypted_password', 'password_digest', 'password_hash', 'hashed_password',
                                      'crypted_password', 'password', 'passwd') is not null)::int * 6
            + (pollster.column_called(t, 'email', 'username', 'login', 'nick', 'nickname', 'handle') is not null)::int * 2 desc,
            c.relname limit 1;
    -- Posts have a text and an author, and point to something else besides.
    select t into posts from unnest(tables) t join pg_class c on c.oid = t
        where t <> users and pollster.column_called(t, variadic bodies) is not null
        order by (lower(c.relname) ~ '(messages?|posts?|notices?|comments?|chats?|entries|notes?)$')::int * 4
            + (pollster.column_to(t, users) is not null)::int * 4
            + (pollster.author_of(t, users) is not null)::int * 3
            + (lower(c.relname) ~ '^(messages|posts|chat_messages)$')::int desc, c.relname limit 1;
    select t into walls from unnest(tables) t join pg_class c on c.oid = t
        where t not in (users, posts) and pollster.column_to(posts, t) is not null and pollster.key_of(t) is not null
        order by (lower(c.relname) ~ '(rooms?|channels?|conversations?|walls?|boards?|forums?|chats?|topics?|spaces?|threads?)$')::int * 4
            + (lower(c.relname) ~ '(groups?|projects?|teams?|courses?)$')::int * 2 desc, c.relname limit 1;
    select t into members from unnest(tables) t join pg_class c on c.oid = t
        where t not in (users, walls, posts) and pollster.column_to(t, users) is not null and pollster.column_to(t, walls) is not null
            and pollster.column_called(t, variadic bodies) is null
        order by (lower(c.relname) ~ '(member|participant|subscri|people|user|seat|enrol)')::int desc,
            (select count(*) from pg_attribute a where a.attrelid = t and a.attnum > 0), c.relname limit 1;
    if members is null then
        select p, w, g into group_people, group_walls, groups
            from unnest(tables) p join unnest(tables) w on w <> p join unnest(tables) g on g not in (p, w)
            where p not in (users, walls, posts) and w not in (users, walls, posts) and g not in (users, walls, posts)
                and pollster.column_to(p, users) is not null and pollster.column_to(p, g) is not null
                and pollster.column_to(w, walls) is not null and pollster.column_to(w, g) is not null
                and pollster.key_of(g) is not null
            order by g::text, p::text, w::text limit 1;
    end if;
    select t into tokens from unnest(tables) t join pg_class c on c.oid = t
        where lower(c.relname) ~ '(token|session|api_?key)s?$' and t <> users
            and (pollster.column_to(t, users) is not null or pollster.column_called(t, 'tokenable_id') is not null)
            and pollster.column_called(t, 'digest', 'token_digest', 'token_hash', 'hashed_token', 'token') is not null
        order by (lower(c.relname) ~ 'reset|confirm|remember|device|push')::int, c.relname limit 1;
end $$;

revoke execute on function pollster.column_called, pollster.column_to, pollster.key_of, pollster.number_of,
    pollster.author_of, pollster.is_there, pollster.tables_guessed from public;
