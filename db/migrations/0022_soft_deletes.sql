-- Rows that an application marks as deleted, and keeps. To Pollster such a row is none: the view of posts leaves it
-- out, so the feed has to say that it went, and that it came back.

-- Internal: is the row marked by one of these? A mark is a column that holds a time, true, a number or a text (not:
-- null, false, 0, '', infinity); or "column=value", or "column<>value", whose value is compared as text. A column that
-- is called so goes first.
create function pollster.is_marked(row_of jsonb, variadic marks text[]) returns boolean
    language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
    mark text;
    parts text[];
begin
    foreach mark in array marks loop
        if row_of ? mark then
            if jsonb_typeof(row_of -> mark) = 'number' then
                if (row_of ->> mark)::numeric <> 0 then
                    return true;
                end if;
            elsif coalesce(row_of ->> mark, 'false') not in ('false', '0', '', 'infinity') then
                return true;
            end if;
            continue;
        end if;
        parts := regexp_match(mark, '^(.+?)(=|<>)(.*)$');
        if row_of ? parts[1] and ((row_of ->> parts[1]) is distinct from parts[3]) = (parts[2] = '<>') then
            return true;
        end if;
    end loop;
    return false;
end $$;

-- As in 0017; a column that is not there is left out.
create or replace function pollster.row_of(row_of anyelement, variadic columns text[]) returns jsonb
    language plpgsql stable
as $$
declare
    result jsonb := '{}';
    value jsonb;
    c text;
begin
    return to_jsonb(row_of);
exception when program_limit_exceeded or internal_error then
    foreach c in array columns loop
        begin
            execute pg_catalog.format('select pg_catalog.to_jsonb(($1).%I)', c) into value using row_of;
        exception when undefined_column then
            continue;
        when program_limit_exceeded or internal_error then
            execute pg_catalog.format('select pg_catalog.to_jsonb(pg_catalog.md5(($1).%I::pg_catalog.text))', c)
                into value using row_of;
        end;
        result := result || jsonb_build_object(c, value);
    end loop;
    return result;
end $$;

-- Internal: the column of a mark, for row_of().
create function pollster.column_of_mark(mark text) returns text language sql immutable parallel safe
    return coalesce((regexp_match(mark, '^(.+?)(=|<>)'))[1], mark);

-- As in 0017. Arguments beyond the fourth are marks: a row that has one is no post.
create or replace function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
as $$
declare
    c_id text := coalesce(tg_argv[0], 'id');
    c_wall text := coalesce(tg_argv[1], 'wall_id');
    c_user text := coalesce(tg_argv[2], 'user_id');
    c_body text := coalesce(tg_argv[3], 'body');
    columns text[] := array[c_id, c_wall, c_user, c_body];
    marks text[] := '{}';
    was jsonb;
    is_now jsonb;
    wall bigint; -- of both, one after the other
    post bigint;
begin
    for i in 4 .. tg_nargs - 1 loop
        marks := marks || tg_argv[i];
        columns := columns || tg_argv[i] || pollster.column_of_mark(tg_argv[i]);
    end loop;
    if tg_op <> 'INSERT' then
        was := pollster.row_of(old, variadic columns);
    end if;
    if tg_op <> 'DELETE' then
        is_now := pollster.row_of(new, variadic columns);
    end if;
    if tg_nargs > 4 then
        if was is not null and pollster.is_marked(was, variadic marks) then
            was := null;
        end if;
        if is_now is not null and pollster.is_marked(is_now, variadic marks) then
            is_now := null;
        end if;
    end if;
    if was is not null and is_now is not null and was ->> c_wall is not distinct from is_now ->> c_wall
            and was ->> c_id = is_now ->> c_id then
        wall := pollster.id_in(is_now, c_wall);
        post := pollster.id_in(is_now, c_id);
        if wall is not null and post is not null
                and (was ->> c_body is distinct from is_now ->> c_body
                     or (is_now ->> c_user is not null and was ->> c_user is distinct from is_now ->> c_user)) then
            perform pollster.collect(wall, post, 'edit', pollster.id_in(is_now, c_user));
        end if;
        return null;
    end if;
    -- An update that gets here moved the post, or marked it: it leaves one wall, or appears on another.
    wall := pollster.id_in(was, c_wall);
    post := pollster.id_in(was, c_id);
    if wall is not null and post is not null then
        perform pollster.collect(wall, post, 'delete', pollster.id_in(was, c_user));
    end if;
    wall := pollster.id_in(is_now, c_wall);
    post := pollster.id_in(is_now, c_id);
    if wall is not null and post is not null then
        perform pollster.collect(wall, post, 'post', pollster.id_in(is_now, c_user));
    end if;
    return null;
end $$;

-- For `create trigger ... instead of delete on pollster.posts for each row`: who deletes a post through the view, as
-- the server does, marks it. Arguments: the table of posts, its columns for the post's id and the mark, and the value
-- that marks, without which it is the time, true or 1. Inserts and updates still reach the table by themselves.
create function pollster.delete_softly() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    posts constant regclass := to_regclass(tg_argv[0]);
    c_id constant text := tg_argv[1];
    c_mark constant text := tg_argv[2];
    marks_by text;
    kind record;
    done bigint;
begin
    if posts is null then
        raise exception 'pollster.delete_softly: there is no table %; name it with its schema', tg_argv[0]
            using errcode = 'undefined_table';
    end if;
    select coalesce(b.typname, t.typname) as name, coalesce(b.typcategory, t.typcategory) as category,
           format_type(a.atttypid, a.atttypmod) as told into kind
        from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype
        where a.attrelid = posts and a.attname = c_mark and not a.attisdropped;
    marks_by := case when tg_nargs > 3 then format('%L::%s', tg_argv[3], kind.told)
                     when kind.name = 'timestamp' then 'clock_timestamp() at time zone ''UTC'''
                     when kind.category = 'D' then format('clock_timestamp()::%s', kind.told)
                     when kind.category = 'B' then 'true'
                     when kind.category = 'N' then '1' end;
    if marks_by is null then
        raise exception 'pollster.delete_softly: % has no column % whose value for deleted rows is known; '
            'name the value as the fourth argument', posts, quote_ident(c_mark) using errcode = 'undefined_object';
    end if;
    -- Somebody else may have marked it since it was read: then nothing is done.
    execute format('update %1$s t set %2$I = %3$s where t.%4$I = $1 and not pollster.is_marked('
                   'jsonb_build_object(%2$L, t.%2$I), %5$L)', posts, c_mark, marks_by, c_id,
                   case when tg_nargs > 3 then c_mark || '=' || tg_argv[3] else c_mark end) using old.id;
    get diagnostics done = row_count;
    return case when done > 0 then old end;
end $$;

revoke execute on function pollster.is_marked, pollster.column_of_mark, pollster.delete_softly from public;
