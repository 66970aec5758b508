-- Drafts of views over tokens that end before their time, over keys that are no numbers or of several columns, over tables in
-- parts, and over names of any kind.

-- Internal: what says of a row whether it counts, by columns that are called so: a flag, a time (which may be null) or a
-- state; and what Pollster has to give such a column for a row of its own to count; null: its default.
create function pollster.conditions_of(a_rel regclass, a_alias text)
    returns table (attnum smallint, attname name, condition text, good text)
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    with c as (
        select a as whole, a.attname, a.attnum, a.attnotnull, a.attnotnull and not a.atthasdef as is_to_be_given, t.typcategory as kind,
               lower(replace(a.attname, '_', '')) as called, format('%s.%I', a_alias, a.attname) as col
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = a_rel and a.attnum > 0 and not a.attisdropped
    ), judged as (
        select c.*,
               called ~ ('^(is|was|has)?(been)?(deleted|discarded|removed|trashed|revoked|invalidated|cancell?ed|banned|blocked|'
                         || 'kicked|suspended|disabled|deactivated|inactive|invalid|terminated|archived|blacklisted|denylisted|'
                         || 'blocklisted|hidden|pending|loggedout|signedout)$')
                   or kind <> 'D' and called ~ '^(is|has)?expired$'
                   or kind = 'D' and called ~ ('^(deleted|discarded|removed|trashed|revoked|invalidated|cancell?ed|banned|blocked|'
                         || 'kicked|suspended|disabled|deactivated|terminated|archived|blacklisted|denylisted|blocklisted|hidden|'
                         || 'loggedout|loggedoff|signedout|logout|left)(at|on|time|date)$') as is_against,
               called ~ '^(is)?(active|enabled|accepted|approved|confirmed|published|valid)$' as is_for,
               called in ('acceptedat', 'approvedat', 'confirmedat', 'joinedat', 'publishedat') as is_time_for
        from c
    )
    select j.attnum, j.attname,
           case when is_against and kind = 'D' then col || ' is null'
                when is_against and kind = 'B' then col || ' is not true'
                when is_against and kind = 'N' then col || ' is distinct from 1'
                when is_for and kind = 'B' then col || ' is true'
                when is_for and kind = 'N' then col || ' = 1'
                when is_time_for and kind = 'D' and not attnotnull then col || ' is not null'
                when kind = 'E' then pollster.state_is_good(whole, a_alias) end,
           case when is_against and kind = 'B' then case when is_to_be_given then 'false' end
                when is_against and kind = 'N' then case when is_to_be_given then '0' end
                when is_for and kind = 'B' then 'true'
                when is_for and kind = 'N' then '1'
                when is_time_for and kind = 'D' and not attnotnull then 'now()'
                when kind = 'E' then substring(pollster.state_is_good(whole, '') from '''.*?''') end
    from judged j
$$;

-- As in 0038.
create or replace function pollster.is_there(a_rel regclass, a_alias text) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(c.condition, ' and ' order by c.attnum), '') from pollster.conditions_of(a_rel, a_alias) c
$$;

-- As in 0038; also what a token may do, what it is for, and whether it is revoked. The names in the view are compared with
-- those of the columns as they are, whatever they are made of.
create or replace function pollster.not_looked_at(a_tables regclass[], a_view text) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(E'; it does not look at ' || string_agg(format('%s.%I', a.attrelid::regclass, a.attname), ', '
                                                           order by a.attrelid, a.attnum), '')
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = any (a_tables) and a.attnum > 0 and not a.attisdropped
        and (t.typcategory in ('B', 'E')
             or lower(a.attname) ~ ('(status|state|role|level|pending|priva|visib|expire|until|accept|approv|confirm|banned|block|'
                                    || 'left|ended|revo|invalid|disab|suspend|active|scope|abilit|permission|purpose|context|audience|'
                                    || 'token_?(type|kind))|^(type|kind)$'))
        and lower(a.attname) !~ '(token(?!_?(type|kind|scope|abilit|purpose|stat|revo))|remember|password|reset|_?count$)'
        and quote_ident(a.attname) not in (
            select r.m[1] from regexp_matches(a_view, '\.("(?:[^"]|"")+"|[^\s,.()=;"]+)', 'g') r(m))
$$;

-- As in 0038; posts of any key, and tables in parts, which have neither identities nor unique indexes of one column: there
-- one sequence sees to it that a number is given once.
create or replace function pollster.draft_of_numbers(users regclass, walls regclass, posts regclass) returns text
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $draft$
declare
    side record;
    made text;
    is_in_parts boolean;
    result text := '';
    columns text[] := '{}';
    body text := '';
    home constant text := (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = posts);
begin
    for side in
        select distinct t.rel, c.relkind,
               array_to_string(array( -- a key of one column, or of several
                   select format('x.%I', a.attname) from pg_index i
                   cross join lateral unnest(i.indkey::int2[]) with ordinality k(attnum, n)
                   join pg_attribute a on a.attrelid = t.rel and a.attnum = k.attnum
                   where i.indrelid = t.rel and i.indisprimary order by k.n), ', ') as key
        from unnest(array[users, walls, posts]) t(rel) join pg_class c on c.oid = t.rel
        where pollster.number_of(t.rel) is null
    loop
        made := pollster.column_called(side.rel, 'created_at', 'inserted_at', 'posted_at', 'sent_at', 'created', 'created_on', 'date');
        is_in_parts := side.relkind = 'p' or exists (select from pg_inherits i where i.inhparent = side.rel);
        if not is_in_parts and (side.rel <> posts or made is null) then
            result := result || format(E'alter table %s add column pollster_id bigint generated by default as identity unique;\n',
                                       side.rel);
            continue;
        end if;
        -- History is in the order of ids: that in which rows lie in the table is another.
        result := result || format(
            E'alter table %1$s add column pollster_id %2$s;\n'
            'update %1$s p set pollster_id = o.n from (\n'
            '    select x.tableoid as part, x.ctid as place, row_number() over (order by %3$s) as n from %1$s x) o\n'
            '    where o.part = p.tableoid and o.place = p.ctid;\n'
            '%4$sselect setval(pg_get_serial_sequence(%5$L, ''pollster_id''), coalesce(max(pollster_id), 0) + 1, false) from %1$s;\n',
            side.rel, case when is_in_parts then 'bigserial' else 'bigint' end,
            concat_ws(', ', 'x.' || quote_ident(made) || ' nulls first', nullif(side.key, ''), 'x.ctid'),
            case when is_in_parts then format(E'create index on %s (pollster_id);\n', side.rel)
                 else format(E'alter table %s alter pollster_id set not null, alter pollster_id add generated by default as identity,\n'
                             '    add unique (pollster_id);\n', side.rel) end, side.rel::text);
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
            'end $$;\nrevoke execute on function %1$I.pollster_numbers() from public;\n'
            'create trigger pollster_numbers before insert or update of %3$s on %4$s\n'
            '    for each row execute function %1$I.pollster_numbers();\n', home, body, array_to_string(columns, ', '), posts);
    end if;
    return nullif(result, '');
end $draft$;

-- The view of sessions over a table of tokens; `ddl` is what writes the table for who signs in or out at Pollster, where the
-- view cannot. No body: Pollster keeps the sessions itself.
create function pollster.draft_of_sessions(tokens regclass, users regclass, out body text, out told text, out ddl text)
    language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off
as $draft$
declare
    c constant text := pollster.column_called(tokens, 'digest', 'token_digest', 'token_hash', 'hashed_token', 'token');
    owner constant text := coalesce(pollster.column_to(tokens, users), pollster.column_called(tokens, 'tokenable_id'));
    of_type constant text := pollster.column_called(tokens, 'tokenable_type');
    key constant text := pollster.key_of(users);
    made constant text := pollster.column_called(tokens, 'created_at', 'issued_at', 'inserted_at', 'created', 'created_on');
    ends text := pollster.column_called(tokens, 'expires_at', 'expiry', 'valid_until', 'expired_at', 'expires', 'expires_on', 'expire_at',
                                        'expiration', 'valid_to');
    seconds text := pollster.column_called(tokens, 'expires_in'); -- after it was made
    kind text;
    digest text; -- %s is the column
    types oid[];
    is_joined boolean;
    home text;
    parts text[];
    written text[];
    given text[];
    whole text;
begin
    select t.typname into kind from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = tokens and a.attname = c;
    if tokens is null or owner is null or kind is null or not (kind = 'bytea' or kind in ('varchar', 'bpchar', 'text') and (
            pollster.column_called(tokens, 'tokenable_id') is not null or c <> 'token')) then
        told := 'Pollster keeps the sessions itself: the application adds a row (sha256 of a token, the user) when it signs '
                'somebody in (docs/ADOPT.md)';
        return;
    end if;
    if not exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
                   where a.attrelid = tokens and a.attname = ends and t.typcategory = 'D') then
        ends := null;
    end if;
    if ends is not null or made is null or not exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
                                                       where a.attrelid = tokens and a.attname = seconds and t.typcategory = 'N') then
        seconds := null;
    end if;
    -- A user by number: the column itself, or the number of the row that it points to.
    types := array[(select a.atttypid from pg_attribute a where a.attrelid = tokens and a.attname = owner),
                   (select a.atttypid from pg_attribute a where a.attrelid = users and a.attname = key)];
    is_joined := pollster.number_of(users) <> key or not exists (select from pg_type t where t.oid = types[1] and t.typcategory = 'N');
    digest := case when kind = 'bytea' then '%1$s' else 'case when %1$s ~ ''^[0-9a-fA-F]{64}$'' then decode(%1$s, ''hex'') end' end;
    parts := array_remove(array[case when of_type is not null then format(E't.%I = ''App\\Models\\User''', of_type) end,
                                nullif(pollster.is_there(tokens, 't'), '')], null);
    body := format(E'select %s as token_hash, %s as user_id, %s as created_at,\n        %s as expires_at\n    from %s t',
                   format(digest, format('t.%I', c)),
                   case when is_joined then format('u.%I', pollster.number_of(users)) else format('t.%I', owner) end,
                   case when made is null then 'null::timestamptz' else format('t.%I', made) end,
                   case when ends is not null then format('t.%I', ends)
                        when seconds is not null then format('t.%I + t.%I * interval ''1 second''', made, seconds)
                        else 'null::timestamptz' end, tokens)
            || case when not is_joined then ''
                    when types[1] = types[2] then format(E'\n    join %s u on u.%I = t.%I', users, key, owner)
                    else format(E'\n    join %s u on u.%I::text = t.%I::text', users, key, owner) end
            || case when parts = '{}' then '' else E'\n    where ' || array_to_string(parts, ' and ') end;
    told := format('sessions are %s, whose %s is the sha256 of the token%s', tokens, c,
                   case when kind = 'bytea' then '' else ', in hexadecimal digits' end)
            || case when parts = '{}' then '' else ', where ' || array_to_string(parts, ' and ') end
            || pollster.not_looked_at(array[tokens], body);

    select array_agg(w.name order by w.n), array_agg(w.value order by w.n) into written, given from (
        select * from (values
            (1, c, case when kind = 'bytea' then 'new.token_hash' else 'encode(new.token_hash, ''hex'')' end),
            (2, owner, case when not is_joined then 'new.user_id' when types[1] = types[2] then format('u.%I', key)
                            else format('u.%I::text::%s', key, format_type(types[1], null)) end),
            (3, made, 'new.created_at'),
            (4, ends, 'new.expires_at'),
            (5, seconds, 'extract(epoch from new.expires_at - new.created_at)'),
            (6, of_type, E'''App\\Models\\User'''),
            (7, case when of_type is not null then pollster.column_called(tokens, 'name') end, '''pollster'''),
            (8, case when of_type is not null then pollster.column_called(tokens, 'abilities') end, '''["*"]''')) v(n, name, value)
        where v.name is not null
        union all
        select 8 + s.attnum, s.attname, s.good from pollster.conditions_of(tokens, 't') s
            where s.good is not null and s.condition is not null) w(n, name, value);
    if kind = 'bytea' and not is_joined and seconds is null
            and not exists (select from pollster.conditions_of(tokens, 't') s where s.good is not null and s.condition is not null) then
        return;
    end if;
    select n.nspname into home from pg_class k join pg_namespace n on n.oid = k.relnamespace where k.oid = tokens;
    whole := array_to_string(array(select quote_ident(w) from unnest(written) with ordinality x(w, n) order by n), ', ');
    ddl := case when kind = 'bytea' then '' else format(E'create index on %s ((%s));\n', tokens, format(digest, quote_ident(c))) end
        || format(
            E'-- Who signs in or out at Pollster writes the table.\n'
            'create or replace function %1$I.pollster_session_written() returns trigger\n'
            '    language plpgsql security definer set search_path = pg_catalog, pg_temp\nas $$\nbegin\n'
            '    if tg_relid <> ''pollster.sessions''::regclass then\n'
            '        raise exception ''this function is for the view pollster.sessions only'';\n'
            '    elsif tg_op = ''DELETE'' then\n'
            '        delete from %2$s t where %3$s = old.token_hash;\n'
            '        return case when found then old end;\n    end if;\n'
            '    insert into %2$s (%4$s)\n        select %5$s%6$s;\n'
            '    if not found then\n'
            '        raise exception ''there is no user %%'', new.user_id using errcode = ''foreign_key_violation'';\n    end if;\n'
            '    return new;\nend $$;\n'
            'revoke execute on function %1$I.pollster_session_written() from public;\n'
            'create trigger pollster_session_written instead of insert or delete on pollster.sessions\n'
            '    for each row execute function %1$I.pollster_session_written();\n',
            home, tokens, format(digest, format('t.%I', c)), whole, array_to_string(given, ', '),
            case when is_joined then format(' from %s u where u.%I = new.user_id', users, pollster.number_of(users)) else '' end);
end $draft$;

-- As in 0038; people by number where nobody says who sees what, too.
create or replace function pollster.draft_of_views() returns table (view text, body text, told text, ddl text)
    language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off
as $draft$
declare
    g record;
    c text;
    d text;
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
        where a.attrelid = g.users and a.attnum > 0 and not a.attisdropped and (
            t.typcategory = 'E' and pollster.state_is_good(a, 'u') is not null or t.typcategory in ('D', 'B', 'N')
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
        body := format(E'    from %s g\n    join %s p on p.%I = g.%I\n    join %s w on w.%I = g.%I', g.groups, g.group_people,
                       pollster.column_to(g.group_people, g.groups), pollster.key_of(g.groups), g.group_walls,
                       pollster.column_to(g.group_walls, g.groups), pollster.key_of(g.groups));
        if pollster.number_of(g.users) = 'pollster_id' or pollster.number_of(g.walls) = 'pollster_id' then
            body := format(E'select distinct u.%I as user_id, v.%I as wall_id\n', pollster.number_of(g.users),
                           pollster.number_of(g.walls))
                || body || format(E'\n    join %s u on u.%I = p.%I\n    join %s v on v.%I = w.%I', g.users, pollster.key_of(g.users),
                                  pollster.column_to(g.group_people, g.users), g.walls, pollster.key_of(g.walls),
                                  pollster.column_to(g.group_walls, g.walls));
        else
            body := format(E'select distinct p.%I as user_id, w.%I as wall_id\n', pollster.column_to(g.group_people, g.users),
                           pollster.column_to(g.group_walls, g.walls)) || body;
        end if;
        body := body || case when parts = '{}' then '' else E'\n    where ' || array_to_string(parts, ' and ') end;
        told := format('a wall is seen by the people of its groups: %s, %s, %s', g.groups, g.group_people, g.group_walls)
                || pollster.not_looked_at(array[g.groups, g.group_people, g.group_walls], body)
                || pollster.tables_left_out(g.users, g.walls);
    else
        body := format(E'select u.%I as user_id, w.%I as wall_id\n    from %s u cross join %s w\n    where false',
                       pollster.number_of(g.users), pollster.number_of(g.walls), g.users, g.walls);
        told := 'WRITE THIS ONE BY HAND: no table says who sees which wall; as it stands nobody sees any';
    end if;
    return next;

    view := 'sessions';
    select s.body, s.told, s.ddl into body, told, ddl from pollster.draft_of_sessions(g.tokens, g.users) s;
    return next;
    ddl := null;

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

revoke execute on function pollster.conditions_of, pollster.draft_of_sessions from public;
