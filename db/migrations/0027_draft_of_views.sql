-- A first draft of the contract's views over tables that were never seen before: `pollster adopt`. It goes by the names
-- that frameworks and people give to such tables and columns; a person reads it and corrects it. What belongs to a view
-- once it is right (triggers, indexes, rights) is derived from the view itself (0023 to 0026).

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
                                                   'hidden', 'ishidden', 'archivedat', 'disabledat')
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
            + (pollster.column_called(t, 'author_id', 'sender_id', 'from_id', 'created_by', 'creator_id') is not null)::int * 3
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

-- The five views. `told` says what they are made of, or that they are to be written by hand; `ddl` what a view needs
-- besides.
create function pollster.draft_of_views() returns table (view text, body text, told text, ddl text)
    language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off
as $draft$
declare
    g record;
    c text;
    d text;
    kind text;
    times text;
    parts text[];
begin
    select * into g from pollster.tables_guessed();
    if g.users is null or g.posts is null or g.walls is null then
        view := 'users';
        told := format('found no table of %s; write the five views by hand (docs/ADOPT.md)', case
            when g.users is null then 'people' when g.posts is null then 'posts (a text and an author)'
            else 'walls (which posts point to)' end);
        return next;
        return;
    end if;

    view := 'users';
    c := pollster.column_called(g.users, 'name', 'username', 'user_name', 'nick', 'nickname', 'login', 'handle',
                                'display_name', 'full_name', 'screen_name', 'email');
    d := pollster.column_called(g.users, 'encrypted_password', 'password_digest', 'password_hash', 'hashed_password',
                                'crypted_password', 'password', 'passwd');
    select array_agg(case when t.typcategory = 'D' then format('u.%I is not null', a.attname)
                          when lower(a.attname) ~ '(active|enabled)$' then format('u.%I is not true', a.attname)
                          when t.typcategory = 'B' then format('u.%I is true', a.attname)
                          else format('u.%I is not distinct from 1', a.attname) end order by a.attnum) into parts
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = g.users and a.attnum > 0 and not a.attisdropped and t.typcategory in ('D', 'B', 'N')
            and lower(replace(a.attname, '_', '')) ~ ('^(is)?(deleted|discarded|removed|locked|banned|suspended|disabled|blocked|'
                                                      || 'deactivated|archived)(at)?$|^(is)?(active|enabled)$');
    body := format(E'select u.%I as id, %s as name, %s as password_hash,\n        %s as disabled\n    from %s u',
                   pollster.key_of(g.users),
                   case when c is not null then format('u.%I', c)
                        when pollster.column_called(g.users, 'first_name') is not null
                            then format('concat_ws('' '', u.%I, u.%I)', pollster.column_called(g.users, 'first_name'),
                                        pollster.column_called(g.users, 'last_name', 'first_name'))
                        else format('u.%I::text', pollster.key_of(g.users)) end,
                   case when d is null then 'null::text' else format('u.%I', d) end,
                   coalesce(array_to_string(parts, ' or '), 'false'), g.users);
    told := format('people are %s; disabled: %s', g.users, coalesce(array_to_string(parts, ' or '), 'nobody'));
    return next;

    view := 'walls';
    c := pollster.column_called(g.walls, 'title', 'name', 'subject', 'topic', 'label', 'slug');
    d := pollster.is_there(g.walls, 'w');
    body := format(E'select w.%I as id, %s as name, ''chat''::text as kind\n    from %s w', pollster.key_of(g.walls),
                   case when c is null then format('w.%I::text', pollster.key_of(g.walls)) else format('w.%I', c) end, g.walls)
            || case when d = '' then '' else E'\n    where ' || d end;
    told := format('walls are %s', g.walls) || case when d = '' then '' else ', where ' || d end;
    return next;

    view := 'memberships';
    if g.members is not null then
        d := pollster.is_there(g.members, 'm');
        body := format(E'select distinct m.%I as user_id, m.%I as wall_id\n    from %s m', pollster.column_to(g.members, g.users),
                       pollster.column_to(g.members, g.walls), g.members) || case when d = '' then '' else E'\n    where ' || d end;
        if d = '' and exists (select from pg_index i where i.indrelid = g.members and i.indisunique and i.indnkeyatts = 2
                              and i.indpred is null and array[pollster.column_to(g.members, g.users),
                                                              pollster.column_to(g.members, g.walls)]::name[]
                                  @> array(select a.attname from pg_attribute a where a.attrelid = g.members
                                           and a.attnum = any (i.indkey::int2[]))) then
            body := replace(body, 'select distinct', 'select'); -- so that Pollster, too, can write it
        end if;
        told := format('who sees a wall is in %s', g.members);
    elsif g.groups is not null then
        parts := array_remove(array[nullif(pollster.is_there(g.groups, 'g'), ''), nullif(pollster.is_there(g.group_people, 'p'), ''),
                                    nullif(pollster.is_there(g.group_walls, 'w'), '')], null);
        body := format(E'select distinct p.%I as user_id, w.%I as wall_id\n    from %s g\n    join %s p on p.%I = g.%I\n'
                       '    join %s w on w.%I = g.%I', pollster.column_to(g.group_people, g.users),
                       pollster.column_to(g.group_walls, g.walls), g.groups, g.group_people,
                       pollster.column_to(g.group_people, g.groups), pollster.key_of(g.groups), g.group_walls,
                       pollster.column_to(g.group_walls, g.groups), pollster.key_of(g.groups))
                || case when parts = '{}' then '' else E'\n    where ' || array_to_string(parts, ' and ') end;
        told := format('a wall is seen by the people of its groups: %s, %s, %s', g.groups, g.group_people, g.group_walls);
    else
        body := format(E'select u.%I as user_id, w.%I as wall_id\n    from %s u cross join %s w\n    where false',
                       pollster.key_of(g.users), pollster.key_of(g.walls), g.users, g.walls);
        told := 'WRITE THIS ONE BY HAND: no table says who sees which wall; as it stands nobody sees any';
    end if;
    return next;

    view := 'sessions';
    c := pollster.column_called(g.tokens, 'digest', 'token_digest', 'token_hash', 'hashed_token', 'token');
    select t.typname into kind from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = g.tokens and a.attname = c;
    d := pollster.column_called(g.tokens, 'expires_at', 'expiry', 'valid_until', 'expired_at');
    times := pollster.column_called(g.tokens, 'created_at', 'issued_at', 'inserted_at');
    if g.tokens is null or not (kind = 'bytea' or kind in ('varchar', 'bpchar', 'text') and (
            pollster.column_called(g.tokens, 'tokenable_id') is not null or c <> 'token')) then
        body := null;
        told := 'Pollster keeps the sessions itself: the application adds a row (sha256 of a token, the user) when it signs '
                'somebody in (docs/ADOPT.md)';
        return next;
    else
        body := format(E'select %s as token_hash, t.%I as user_id, %s as created_at,\n        %s as expires_at\n    from %s t%s',
                       case when kind = 'bytea' then format('t.%I', c)
                            else format('case when t.%1$I ~ ''^[0-9a-fA-F]{64}$'' then decode(t.%1$I, ''hex'') end', c) end,
                       coalesce(pollster.column_to(g.tokens, g.users), 'tokenable_id'),
                       case when times is null then 'null::timestamptz' else format('t.%I', times) end,
                       case when d is null then 'null::timestamptz' else format('t.%I', d) end, g.tokens,
                       case when pollster.column_called(g.tokens, 'tokenable_type') is not null
                            then E'\n    where t.tokenable_type = ''App\\Models\\User''' else '' end);
        told := format('sessions are %s, whose %s is the sha256 of the token%s', g.tokens, c,
                       case when kind = 'bytea' then '' else ', in hexadecimal digits' end);
        if kind <> 'bytea' then
            ddl := format(
                E'create index on %1$s ((case when %2$I ~ ''^[0-9a-fA-F]{64}$'' then decode(%2$I, ''hex'') end));\n'
                '-- Who signs in or out at Pollster writes the digits.\n'
                'create or replace function %3$I.pollster_session_written() returns trigger\n'
                '    language plpgsql security definer set search_path = pg_catalog, pg_temp\nas $$\nbegin\n'
                '    if tg_op = ''DELETE'' then\n        delete from %1$s t where t.%2$I = encode(old.token_hash, ''hex'');\n'
                '        return old;\n    end if;\n    insert into %1$s (%2$I, %4$I%5$s%6$s%7$s)\n'
                '        values (encode(new.token_hash, ''hex''), new.user_id%8$s%9$s%10$s);\n    return new;\nend $$;\n'
                'create trigger pollster_session_written instead of insert or delete on pollster.sessions\n'
                '    for each row execute function %3$I.pollster_session_written();\n',
                g.tokens, c, (select n.nspname from pg_class k join pg_namespace n on n.oid = k.relnamespace where k.oid = g.tokens),
                coalesce(pollster.column_to(g.tokens, g.users), 'tokenable_id'),
                case when times is null then '' else format(', %I', times) end,
                case when d is null then '' else format(', %I', d) end,
                case when pollster.column_called(g.tokens, 'tokenable_type') is null then '' else ', tokenable_type, name, abilities' end,
                case when times is null then '' else ', new.created_at' end, case when d is null then '' else ', new.expires_at' end,
                case when pollster.column_called(g.tokens, 'tokenable_type') is null then ''
                     else ', ''App\Models\User'', ''pollster'', ''["*"]''' end);
        end if;
        return next;
        ddl := null;
    end if;

    view := 'posts';
    c := pollster.column_called(g.posts, 'body', 'content', 'contents', 'text', 'message', 'message_text', 'comment', 'msg', 'note');
    d := pollster.is_there(g.posts, 'p');
    times := pollster.column_called(g.posts, 'created_at', 'inserted_at', 'posted_at', 'sent_at', 'created', 'created_on', 'date');
    body := format(E'select p.%I as id, p.%I as wall_id, %s as user_id, p.%I as body, %s as created_at,\n'
                   '        %s as edited_at\n    from %s p', pollster.key_of(g.posts), pollster.column_to(g.posts, g.walls),
                   coalesce('p.' || quote_ident(coalesce(pollster.column_to(g.posts, g.users), pollster.column_called(
                       g.posts, 'author_id', 'sender_id', 'from_id', 'created_by', 'creator_id'))), 'null::bigint'), c,
                   case when times is null then 'null::timestamptz' else format('p.%I', times) end,
                   coalesce('p.' || quote_ident(pollster.column_called(g.posts, 'edited_at')), 'null::timestamptz'), g.posts)
            || case when d = '' then '' else E'\n    where ' || d end;
    told := format('posts are %s', g.posts) || case when d = '' then '' else ', where ' || d end;
    c := pollster.column_called(g.posts, 'deleted_at', 'discarded_at', 'removed_at', 'deleted', 'is_deleted', 'removed', 'hidden',
                                'is_hidden');
    if d <> '' and c is not null then
        ddl := format(E'-- Who deletes a post at Pollster marks it, as the application does.\n'
                      'create trigger pollster_delete_softly instead of delete on pollster.posts\n'
                      '    for each row execute function pollster.delete_softly(%L, %L, %L);\n', g.posts, pollster.key_of(g.posts), c);
    end if;
    return next;
end $draft$;

revoke execute on function pollster.column_called, pollster.column_to, pollster.key_of, pollster.is_there,
    pollster.tables_guessed, pollster.draft_of_views from public;
