-- A draft over tables that have a say in who sees what is read by people in a hurry: what it does not look at, it names;
-- and it looks at what frameworks call the state of a membership.

-- Internal: what is true of a row whose state is one of those that are in force, if this is a column of such a type and
-- name; null: it is not, or none of its values is known to be one.
create function pollster.state_is_good(a_column pg_attribute, a_alias text) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select case when count(*) = 1 then format('%s.%I = %L', a_alias, a_column.attname, min(e.enumlabel))
                when count(*) > 1 then format('%s.%I in (%s)', a_alias, a_column.attname,
                                              string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)) end
    from pg_enum e
    where e.enumtypid = a_column.atttypid and lower(a_column.attname) ~ '(status|state)$'
        and lower(e.enumlabel) in ('active', 'accepted', 'joined', 'approved', 'confirmed', 'member', 'enabled', 'published', 'visible')
$$;

-- As in 0028; also what says that a row counts: a flag, a time (which may be null) or a state.
create or replace function pollster.is_there(a_rel regclass, a_alias text) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    with c as (
        select a as whole, a.attname, a.attnum, a.attnotnull, t.typcategory as kind, lower(replace(a.attname, '_', '')) as called
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = a_rel and a.attnum > 0 and not a.attisdropped
    ), said as (
        select c.attnum, case
            when called in ('deletedat', 'discardedat', 'removedat', 'deleted', 'isdeleted', 'removed', 'hidden', 'ishidden',
                            'archivedat', 'disabledat', 'leftat', 'revokedat', 'kickedat', 'bannedat', 'banned', 'isbanned',
                            'blocked', 'isblocked', 'pending', 'ispending', 'archived', 'isarchived') then case kind
                when 'D' then format('%s.%I is null', a_alias, attname)
                when 'B' then format('%s.%I is not true', a_alias, attname)
                when 'N' then format('%s.%I is distinct from 1', a_alias, attname) end
            when called ~ '^(is)?(active|enabled|accepted|approved|confirmed|published)$' then case kind
                when 'B' then format('%s.%I is true', a_alias, attname)
                when 'N' then format('%s.%I = 1', a_alias, attname) end
            when called in ('acceptedat', 'approvedat', 'confirmedat', 'joinedat', 'publishedat') and kind = 'D' and not attnotnull
                then format('%s.%I is not null', a_alias, attname)
            when kind = 'E' then pollster.state_is_good(whole, a_alias) end as condition
        from c
    )
    select coalesce(string_agg(s.condition, ' and ' order by s.attnum), '') from said s
$$;

-- Internal: a sentence with the columns of these tables that may decide who sees what, and that a view does not look at.
create function pollster.not_looked_at(a_tables regclass[], a_view text) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(E'; it does not look at ' || string_agg(format('%s.%I', a.attrelid::regclass, a.attname), ', '
                                                           order by a.attrelid, a.attnum), '')
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = any (a_tables) and a.attnum > 0 and not a.attisdropped
        and (t.typcategory in ('B', 'E') or t.typcategory in ('D', 'S', 'N')
             and lower(a.attname) ~ '(status|state|role|level|pending|priva|visib|expire|until|accept|approv|confirm|banned|block|left|ended)')
        and lower(a.attname) !~ '(token|remember|password|reset|_?count$)'
        and a_view !~ ('\.' || regexp_replace(quote_ident(a.attname), '([^a-zA-Z0-9_])', '\\\1', 'g') || '\M|\."' || a.attname || '"')
$$;

-- Internal: a sentence with the tables that name people or walls and are called as if they took access.
create function pollster.tables_left_out(a_users regclass, a_walls regclass) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce('; nor at the tables ' || string_agg(c.oid::regclass::text, ', ' order by c.relname), '')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^(pg_|information_schema$|pollster)'
        and lower(c.relname) ~ '(ban|block|kick|suspen|restrict|sanction|exclu|invit|revo)'
        and (pollster.column_to(c.oid, a_users) is not null or pollster.column_to(c.oid, a_walls) is not null)
        and c.oid not in (a_users, a_walls)
$$;

-- As in 0029; posts get their numbers in the order in which they were made.
create or replace function pollster.draft_of_numbers(users regclass, walls regclass, posts regclass) returns text
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $draft$
declare
    side record;
    made text;
    result text := '';
    columns text[] := '{}';
    body text := '';
    home constant text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = posts);
begin
    for side in select distinct t.rel from unnest(array[users, walls, posts]) t(rel) where pollster.number_of(t.rel) is null loop
        made := pollster.column_called(side.rel, 'created_at', 'inserted_at', 'posted_at', 'sent_at', 'created', 'created_on', 'date');
        if side.rel = posts and made is not null then
            -- History is in the order of ids: that in which rows lie in the table is another.
            result := result || format(
                E'alter table %1$s add column pollster_id bigint;\n'
                'update %1$s p set pollster_id = o.n from (\n'
                '    select x.%2$I, row_number() over (order by x.%3$I nulls first, x.%2$I) as n from %1$s x) o where o.%2$I = p.%2$I;\n'
                'alter table %1$s alter pollster_id set not null, alter pollster_id add generated by default as identity,\n'
                '    add unique (pollster_id);\n'
                'select setval(pg_get_serial_sequence(%4$L, ''pollster_id''), coalesce(max(pollster_id), 0) + 1, false) from %1$s;\n',
                side.rel, pollster.key_of(side.rel), made, side.rel::text);
        else
            result := result || format(E'alter table %s add column pollster_id bigint generated by default as identity unique;\n',
                                       side.rel);
        end if;
    end loop;
    for side in
        select s.rel, s.col, s.number, pollster.key_of(s.rel) as key
        from (values (walls, pollster.column_to(posts, walls), 'pollster_wall'),
                     (users, pollster.author_of(posts, users), 'pollster_user')) s(rel, col, number)
        where s.col is not null and coalesce(pollster.number_of(s.rel), 'pollster_id') = 'pollster_id'
            and pollster.column_called(posts, s.number) is null
    loop
        columns := columns || quote_ident(side.col) || side.number;
        result := result || format(E'alter table %1$s add column %2$s bigint;\nupdate %1$s p set %2$s = '
                                   '(select x.pollster_id from %3$s x where x.%4$I = p.%5$I);\n',
                                   posts, side.number, side.rel, side.key, side.col);
        body := body || format(
            E'    if new.%2$s is null or (tg_op = ''UPDATE'' and new.%5$I is distinct from old.%5$I) then\n'
            '        new.%2$s := (select x.pollster_id from %3$s x where x.%4$I = new.%5$I);\n'
            '    elsif new.%5$I is null then\n'
            '        new.%5$I := (select x.%4$I from %3$s x where x.pollster_id = new.%2$s);\n    end if;\n',
            posts, side.number, side.rel, side.key, side.col);
    end loop;
    if body <> '' then
        result := result || format(
            E'create or replace function %1$I.pollster_numbers() returns trigger\n'
            '    language plpgsql security definer set search_path = pg_catalog, pg_temp\nas $$\nbegin\n%2$s    return new;\n'
            'end $$;\ncreate trigger pollster_numbers before insert or update of %3$s on %4$s\n'
            '    for each row execute function %1$I.pollster_numbers();\n', home, body, array_to_string(columns, ', '), posts);
    end if;
    return nullif(result, '');
end $draft$;

-- As in 0029, with `extra` (0034) and with what a view leaves out.
create or replace function pollster.draft_of_views() returns table (view text, body text, told text, ddl text)
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

    ddl := pollster.draft_of_numbers(g.users, g.walls, g.posts);
    if ddl is not null then
        view := 'numbers';
        told := 'keys of these tables are no numbers; this gives their rows numbers (it rewrites the tables, and locks them '
                'meanwhile). Run it, then `pollster adopt` again';
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
                          when t.typcategory = 'E' then format('(%s) is not true', pollster.state_is_good(a, 'u'))
                          else format('u.%I is not distinct from 1', a.attname) end order by a.attnum) into parts
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = g.users and a.attnum > 0 and not a.attisdropped and (t.typcategory = 'E' and pollster.state_is_good(a, 'u') is not null or t.typcategory in ('D', 'B', 'N')
            and lower(replace(a.attname, '_', '')) ~ ('^(is)?(deleted|discarded|removed|locked|banned|suspended|disabled|blocked|'
                                                      || 'deactivated|archived)(at)?$|^(is)?(active|enabled)$'));
    body := format(E'select u.%I as id, %s as name, %s as password_hash,\n        %s as disabled\n    from %s u',
                   pollster.number_of(g.users),
                   case when c is not null then format('u.%I', c)
                        when pollster.column_called(g.users, 'first_name') is not null
                            then format('concat_ws('' '', u.%I, u.%I)', pollster.column_called(g.users, 'first_name'),
                                        pollster.column_called(g.users, 'last_name', 'first_name'))
                        else format('u.%I::text', pollster.key_of(g.users)) end,
                   case when d is null then 'null::text' else format('u.%I', d) end,
                   coalesce(array_to_string(parts, ' or '), 'false'), g.users);
    told := format('people are %s; disabled: %s', g.users, coalesce(array_to_string(parts, ' or '), 'nobody'))
            || pollster.not_looked_at(array[g.users], body);
    return next;

    view := 'walls';
    c := pollster.column_called(g.walls, 'title', 'name', 'subject', 'topic', 'label', 'slug');
    d := pollster.is_there(g.walls, 'w');
    body := format(E'select w.%I as id, %s as name, ''chat''::text as kind\n    from %s w', pollster.number_of(g.walls),
                   case when c is null then format('w.%I::text', pollster.key_of(g.walls)) else format('w.%I', c) end, g.walls)
            || case when d = '' then '' else E'\n    where ' || d end;
    told := format('walls are %s', g.walls) || case when d = '' then '' else ', where ' || d end
            || pollster.not_looked_at(array[g.walls], body);
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
        if pollster.number_of(g.users) = 'pollster_id' or pollster.number_of(g.walls) = 'pollster_id' then
            body := format(E'select distinct u.%I as user_id, w.%I as wall_id\n    from %s m\n    join %s u on u.%I = m.%I\n'
                           '    join %s w on w.%I = m.%I', pollster.number_of(g.users), pollster.number_of(g.walls), g.members,
                           g.users, pollster.key_of(g.users), pollster.column_to(g.members, g.users),
                           g.walls, pollster.key_of(g.walls), pollster.column_to(g.members, g.walls))
                    || case when d = '' then '' else E'\n    where ' || d end;
        end if;
        told := format('who sees a wall is in %s', g.members) || case when d = '' then '' else ', where ' || d end
                || pollster.not_looked_at(array[g.members], body) || pollster.tables_left_out(g.users, g.walls);
    elsif g.groups is not null then
        parts := array_remove(array[nullif(pollster.is_there(g.groups, 'g'), ''), nullif(pollster.is_there(g.group_people, 'p'), ''),
                                    nullif(pollster.is_there(g.group_walls, 'w'), '')], null);
        body := format(E'select distinct p.%I as user_id, w.%I as wall_id\n    from %s g\n    join %s p on p.%I = g.%I\n'
                       '    join %s w on w.%I = g.%I', pollster.column_to(g.group_people, g.users),
                       pollster.column_to(g.group_walls, g.walls), g.groups, g.group_people,
                       pollster.column_to(g.group_people, g.groups), pollster.key_of(g.groups), g.group_walls,
                       pollster.column_to(g.group_walls, g.groups), pollster.key_of(g.groups))
                || case when parts = '{}' then '' else E'\n    where ' || array_to_string(parts, ' and ') end;
        if pollster.number_of(g.users) = 'pollster_id' or pollster.number_of(g.walls) = 'pollster_id' then
            body := regexp_replace(body, '^select distinct .*?\n', format(E'select distinct u.%I as user_id, v.%I as wall_id\n',
                                   pollster.number_of(g.users), pollster.number_of(g.walls)));
            body := regexp_replace(body, '(\n    where .*)?$', format(
                E'\n    join %s u on u.%I = p.%I\n    join %s v on v.%I = w.%I\\1', g.users, pollster.key_of(g.users),
                pollster.column_to(g.group_people, g.users), g.walls, pollster.key_of(g.walls),
                pollster.column_to(g.group_walls, g.walls)));
        end if;
        told := format('a wall is seen by the people of its groups: %s, %s, %s', g.groups, g.group_people, g.group_walls)
                || pollster.not_looked_at(array[g.groups, g.group_people, g.group_walls], body)
                || pollster.tables_left_out(g.users, g.walls);
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
                   '        %s as edited_at%s\n    from %s p', pollster.number_of(g.posts),
                   coalesce(pollster.column_called(g.posts, 'pollster_wall'), pollster.column_to(g.posts, g.walls)),
                   coalesce('p.' || quote_ident(coalesce(pollster.column_called(g.posts, 'pollster_user'),
                                                         pollster.author_of(g.posts, g.users))), 'null::bigint'), c,
                   case when times is null then 'null::timestamptz' else format('p.%I', times) end,
                   coalesce('p.' || quote_ident(pollster.column_called(g.posts, 'edited_at')), 'null::timestamptz'),
                   E',\n        ' || pollster.draft_of_extra(g.posts) || ' as extra', g.posts)
            || case when d = '' then '' else E'\n    where ' || d end;
    told := format('posts are %s', g.posts) || case when d = '' then '' else ', where ' || d end
            || pollster.not_looked_at(array[g.posts], body);
    c := pollster.column_called(g.posts, 'deleted_at', 'discarded_at', 'removed_at', 'deleted', 'is_deleted', 'removed', 'hidden',
                                'is_hidden');
    if d <> '' and c is not null then
        ddl := format(E'-- Who deletes a post at Pollster marks it, as the application does.\n'
                      'create trigger pollster_delete_softly instead of delete on pollster.posts\n'
                      '    for each row execute function pollster.delete_softly(%L, %L, %L);\n', g.posts, pollster.number_of(g.posts), c);
    end if;
    return next;
end $draft$;

revoke execute on function pollster.state_is_good, pollster.not_looked_at, pollster.tables_left_out from public;
