-- A session keeps the plan of a function's statement until the tables are analyzed. One that is made while a table is known to be empty (a
-- fresh installation, after VACUUM or ANALYZE) takes reading all of it for as cheap as an index, and in a join it did: each post
-- read all entries, 6 ms of CPU after 1,000 posts (tests/db/early_plans_pgtest). What is asked by itself for given values goes by index
-- whatever the planner believes.

-- As in 0042, but for the joins.
create or replace function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
as $$
begin
    -- What add_post has numbered. The setting is a hint where to look, for whoever writes may set it; what counts is the entry, of this
    -- transaction.
    if tg_op = 'INSERT' and current_setting('pollster.numbered', true) <> '' and exists (
            select from (select pollster.row_of(new, coalesce(tg_argv[0], 'id'), coalesce(tg_argv[1], 'wall_id')) as is_now offset 0) r
            cross join lateral (select pollster.id_in(r.is_now, coalesce(tg_argv[0], 'id')) as post,
                                       pollster.id_in(r.is_now, coalesce(tg_argv[1], 'wall_id')) as wall offset 0) n
            where exists (select from pollster.entries e
                          where e.post_id = n.post and e.wall_id = n.wall and e.kind = 'post' offset 0)
              and exists (select from pollster.heads h
                          where h.wall_id = n.wall and h.changed_by = pg_current_xact_id() offset 0)) then
        -- A trigger of the application may have marked the row before it was written.
        if tg_nargs > 4 and pollster.is_born_marked(new, tg_argv[4:]) then
            perform pollster.not_shown();
        end if;
        return null;
    end if;

    declare
        c_id text := coalesce(tg_argv[0], 'id');
        c_wall text := coalesce(tg_argv[1], 'wall_id');
        c_user text := coalesce(tg_argv[2], 'user_id');
        c_body text := coalesce(tg_argv[3], 'body');
        columns text[] := array[c_id, c_wall, c_user, c_body];
        marks text[] := '{}';
        shown text[] := '{}';
        was jsonb;
        is_now jsonb;
        wall bigint; -- of both, one after the other
        post bigint;
        changed boolean;
        c text;
    begin
        for i in 4 .. tg_nargs - 1 loop
            if left(tg_argv[i], 1) = '+' then
                shown := shown || substr(tg_argv[i], 2);
                columns := columns || substr(tg_argv[i], 2);
            else
                marks := marks || tg_argv[i];
                columns := columns || tg_argv[i] || pollster.column_of_mark(tg_argv[i]);
            end if;
        end loop;
        if tg_op <> 'INSERT' then
            was := pollster.row_of(old, variadic columns);
        end if;
        if tg_op <> 'DELETE' then
            is_now := pollster.row_of(new, variadic columns);
        end if;
        if cardinality(marks) > 0 then
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
            changed := was ->> c_body is distinct from is_now ->> c_body
                or (is_now ->> c_user is not null and was ->> c_user is distinct from is_now ->> c_user);
            foreach c in array shown loop
                changed := changed or was -> c is distinct from is_now -> c;
            end loop;
            if changed and wall is not null and post is not null then
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
    end;
end $$;

