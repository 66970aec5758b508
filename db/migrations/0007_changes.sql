-- Edits and deletions by the author, and the search of a wall.

-- serves a repeated edit or deletion, and the entry of a post that a search found
create index entries_of_post on pollster.entries (post_id, wall_id, id);

-- Edits (a_body) or deletes (a_body is null) a post of a_user's own. outcome: changed (the entry of this change); unchanged (it had that
-- text, or was deleted, already: the newest entry of this post); foreign (somebody else's); missing; forbidden (not a member,
-- disabled, no such wall). The entry is null for the last three. Needs read committed, as add_post does.
create function pollster.change_post(a_wall bigint, a_user bigint, a_post bigint, a_body text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    is_now record;
    newest record;
    change text := case when a_body is null then 'delete' else 'edit' end;
    number bigint;
begin
    perform from pollster.users u join pollster.memberships m on m.user_id = u.id
        where u.id = a_user and not u.disabled and m.wall_id = a_wall;
    if not found then
        return query select 'forbidden', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
        return;
    end if;

    select p.user_id, p.body into is_now from pollster.posts p where p.id = a_post and p.wall_id = a_wall;
    if not found then
        -- Deleted by its author before: a client that lost the answer asks again.
        select e.* into newest from pollster.entries e
            where e.post_id = a_post and e.wall_id = a_wall order by e.id desc limit 1;
        if not found or a_body is not null or newest.kind <> 'delete' or newest.user_id is distinct from a_user then
            return query select 'missing', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
            return;
        end if;
        outcome := 'unchanged';
        number := newest.id;
    elsif is_now.user_id is distinct from a_user then
        return query select 'foreign', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
        return;
    elsif is_now.body = a_body then
        outcome := 'unchanged';
        select max(e.id) into number from pollster.entries e where e.post_id = a_post and e.wall_id = a_wall;
    else
        if a_body is null then
            delete from pollster.posts p where p.id = a_post and p.wall_id = a_wall and p.user_id = a_user;
        else
            update pollster.posts p set body = a_body
                where p.id = a_post and p.wall_id = a_wall and p.user_id = a_user and p.body <> a_body;
        end if;
        -- Found none: another change of this post was committed since it was read. Deleted, or it has that text already.
        outcome := case when found then 'changed' when a_body is null then 'unchanged'
                        when exists (select from pollster.posts p where p.id = a_post and p.wall_id = a_wall) then 'unchanged'
                        else 'missing' end;
        -- The feed's trigger runs now, so that the entry's number can be told. From here on the wall's head is locked.
        set constraints all immediate;
        select max(e.id) into number from pollster.entries e
            where e.post_id = a_post and e.wall_id = a_wall and (outcome <> 'changed' or e.kind = change);
        if number is null or (outcome = 'changed' and not exists (
                select from pollster.heads h where h.wall_id = a_wall and h.changed_by = pg_current_xact_id())) then
            raise exception 'the change got no entry: is the trigger pollster.feed_entry on the table of posts?'
                using errcode = 'undefined_object';
        end if;
    end if;

    return query
        select outcome, e.id, e.post_id, e.kind, e.user_id, coalesce(u.name::text, ''),
               case when e.kind <> 'delete' then p.body::text end,
               pollster.utc(case when e.kind = 'delete' then e.created_at else coalesce(p.created_at, e.created_at) end),
               case when e.kind <> 'delete' then pollster.utc(p.edited_at) end
        from pollster.entries e
        left join pollster.posts p on p.id = e.post_id and p.wall_id = e.wall_id
        left join pollster.users u on u.id = e.user_id
        where outcome <> 'missing' and e.wall_id = a_wall and e.id = number
        union all
        select outcome, null::bigint, null::bigint, null, null::bigint, null, null, null, null where outcome = 'missing';
end $$;

do $$
begin
    if not exists (select from pg_extension where extname = 'btree_gin') then
        create extension btree_gin with schema pollster_default;
    end if;
end $$;
-- serves the search of a wall, and with wall_id in it one wall's matches alone. 'simple' knows no language, so it is right in all of them:
-- every word as it is written, in small letters.
create index posts_words on pollster_default.posts using gin (wall_id, to_tsvector('simple', body));
-- serves the newest posts of a wall for the search, and the removal of a wall
create index posts_of_wall_in_order on pollster_default.posts (wall_id, id);
drop index pollster_default.posts_of_wall;

-- Matches among the posts from a_above to below a_before, by the indexes alone. Planned anew each time (0.1 ms): a plan for any wall
-- expects the posts of an average one, and would read and parse every post of a large one.
create function pollster.search_by_index(a_wall bigint, a_query tsquery, a_above bigint, a_before bigint, a_limit bigint)
    returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_indexscan = off set enable_seqscan = off
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query select p.id::bigint from pollster.posts p
        where p.wall_id = a_wall and p.id >= a_above and p.id < a_before and to_tsvector('simple', p.body::text) @@ a_query
        order by p.id desc limit a_limit;
end $$;

-- Ids of posts that hold the words (as websearch_to_tsquery reads them), newest first. The index of words lists every match of the whole
-- wall, so what is common is looked for among the newest first. 200 posts are read; if they fill a tenth of the page, 1,800 more (30 ms)
-- will about fill it. Else the index is asked for as many posts as hold the rest of the page twice over, if the words were
-- as frequent there; and then for all.
create function pollster.search_posts(a_wall bigint, a_words text, a_before bigint, a_limit bigint) returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    query tsquery := websearch_to_tsquery('simple', a_words);
    oldest bigint := a_before; -- all from here on were looked at
    next bigint;
    wanted bigint := a_limit;
    step bigint;
    n bigint;
begin
    if numnode(query) = 0 then
        return;
    end if;
    foreach step in array array[200, 1800] loop
        return query select x.id::bigint
            from (select p.id, p.body from pollster.posts p
                  where p.wall_id = a_wall and p.id < oldest order by p.id desc limit step) x
            where to_tsvector('simple', x.body::text) @@ query order by x.id desc limit wanted;
        get diagnostics n = row_count;
        wanted := wanted - n;
        if wanted = 0 then
            return;
        end if;
        select p.id into next from pollster.posts p
            where p.wall_id = a_wall and p.id < oldest order by p.id desc offset step - 1 limit 1;
        if not found then
            return;
        end if;
        oldest := next;
        exit when n * 10 < a_limit;
    end loop;
    if n > 0 then
        select p.id into next from pollster.posts p
            where p.wall_id = a_wall and p.id < oldest order by p.id desc offset 2 * wanted * step / n limit 1;
        if found then
            return query select s from pollster.search_by_index(a_wall, query, next, oldest, wanted) s;
            get diagnostics n = row_count;
            wanted := wanted - n;
            if wanted = 0 then
                return;
            end if;
            oldest := next;
        end if;
    end if;
    return query select s from pollster.search_by_index(a_wall, query, 0, oldest, wanted) s;
end $$;

revoke execute on function pollster.change_post, pollster.search_by_index, pollster.search_posts from public;
