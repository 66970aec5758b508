-- A post is answered, and handed to everybody who waits, as the view of posts shows it at the end, whoever wrote it. A
-- post that a server wrote by itself was answered as the insert had written it (0040): what a trigger of the application
-- hides, moves or changes, and what the view leaves out, was delivered all the same.
--
-- What is not shown is refused, alone and in a group, and nothing of it is left: whoever posts would be told of an entry
-- that nobody can read, himself included.

-- Internal: never returns.
create function pollster.not_shown() returns text
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the application does not show the post (the view of posts, a mark, or a trigger of its own)';
end $$;

-- Internal: does a row begin its life with one of these arguments of feed_entry, as far as they are marks?
create function pollster.is_born_marked(a_row anyelement, a_arguments text[]) returns boolean
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    marks constant text[] := array(select m from unnest(a_arguments) m where m not like '+%');
begin
    return cardinality(marks) > 0 and pollster.is_marked(pollster.row_of(a_row, variadic marks || array(
        select pollster.column_of_mark(m) from unnest(marks) m)), variadic marks);
end $$;

-- As in 0009. Without an entry are posts that are born with a mark, and all of a table without the trigger.
create or replace function pollster.no_entry(a_post bigint) returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from pollster.entries e where e.post_id = a_post) then
        raise exception 'a rule of the application put the post on another wall';
    elsif exists (select from pollster.behind('pollster.posts') b join pg_trigger t on t.tgrelid = b.rel
                  where t.tgfoid = 'pollster.feed_entry()'::regprocedure and t.tgenabled in ('O', 'A') and t.tgtype & 4 > 0) then
        perform pollster.not_shown();
    end if;
    raise exception 'the post got no entry: is the trigger pollster.feed_entry on the table of posts?' using errcode = 'undefined_object';
end $$;

-- As in 0040, but for the mark.
create or replace function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
as $$
begin
    -- What add_post has numbered. The setting is a hint where to look, for whoever writes may set it; what counts is the entry, of this
    -- transaction.
    if tg_op = 'INSERT' and current_setting('pollster.numbered', true) <> '' and exists (
            select from (select pollster.row_of(new, coalesce(tg_argv[0], 'id'), coalesce(tg_argv[1], 'wall_id')) as is_now offset 0) r
            join pollster.entries e on e.post_id = pollster.id_in(r.is_now, coalesce(tg_argv[0], 'id'))
                and e.wall_id = pollster.id_in(r.is_now, coalesce(tg_argv[1], 'wall_id')) and e.kind = 'post'
            join pollster.heads h on h.wall_id = e.wall_id and h.changed_by = pg_current_xact_id()) then
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

-- As in 0040, but it answers with what the view shows.
create or replace function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    member record;
    post record; -- as it was written
    shown record; -- as everybody reads it
    number bigint;
begin
    select pollster.name_of(u.name::text) as name, k.client_key as known into member
        from pollster.users u join pollster.memberships m on m.user_id = u.id
        left join pollster.client_keys k on k.user_id = a_user and k.client_key = a_key
        where u.id = a_user and not u.disabled and m.wall_id = a_wall limit 1;
    if member.name is null or member.known is not null then
        return query select a.outcome, a.id, a.post_id, a.kind, a.user_id, a.user_name, a.body, a.created_at, a.edited_at, a.extra
            from pollster.add_posts(array[a_wall], array[a_user], array[a_body], array[a_key]) a;
        return;
    end if;

    insert into pollster.posts as p (wall_id, user_id, body) values (a_wall, a_user, a_body)
        returning p.id, p.wall_id, pollster.id_of(p.user_id) as user_id into post;
    if post.id is null then
        raise exception 'the table of posts did not take a post';
    elsif post.id < 1 then -- an identity that is an integer goes round, without an error
        raise exception 'the id of a post is out of range' using errcode = 'numeric_value_out_of_range';
    elsif post.wall_id is distinct from a_wall then
        raise exception 'a rule of the application put the post on another wall';
    end if;
    -- Who waits here for another transaction with the key holds no head.
    if a_key <> '' then
        insert into pollster.client_keys as k (user_id, client_key, wall_id, body_hash, post_id)
            values (a_user, a_key, a_wall, sha256(convert_to(a_body, 'UTF8')), post.id)
            on conflict do nothing;
        if not found then
            raise exception 'another post has taken the client_key meanwhile: try again' using errcode = 'serialization_failure';
        end if;
    end if;

    -- From here on the wall's head is locked. What has collected something, a trigger that is not deferred or another of the application
    -- that writes posts, numbers this post, too.
    with head as (
        update pollster.heads as h
            set last_entry = h.last_entry + 1, changed_by = pg_current_xact_id(),
                stamp = (extract(epoch from clock_timestamp()) * 1000000)::bigint
            where h.wall_id = a_wall and coalesce(current_setting('pollster.collecting', true), '') = ''
            returning h.last_entry, h.stamp
    )
    insert into pollster.entries as e (wall_id, id, post_id, kind, user_id, created_at)
        select a_wall, head.last_entry, post.id, 'post', post.user_id, timestamptz 'epoch' + head.stamp * interval '1 microsecond' from head
        returning e.id, pollster.hint('pollster_walls', e.wall_id::text), set_config('pollster.numbered', 'own', true) into number;
    if number is null then
        perform pollster.number_now(1);
        select max(e.id) into number from pollster.entries e where e.post_id = post.id and e.wall_id = a_wall and e.kind = 'post';
        number := coalesce(number, pollster.no_entry(post.id::bigint));
    end if;

    -- Whatever the application does to the post until the commit is done here, so that what is answered is what is read.
    set constraints all immediate;
    select p.* into shown from pollster.post_of_entry(a_wall, number, post.id::bigint, 'post') p;
    if shown.user_id = a_user and shown.body is not null and shown.created_at is not null then
        return query select 'created', number, post.id::bigint, 'post', shown.user_id, member.name, shown.body, shown.created_at,
                            shown.edited_at, shown.extra;
    else
        return query select 'created', e.id, e.post_id, e.kind, s.user_id, s.user_name, coalesce(s.body, pollster.not_shown()),
                            s.created_at, s.edited_at, s.extra
            from (select x.* from pollster.entries x where x.post_id = post.id and x.wall_id = a_wall and x.kind = 'post'
                  order by x.id desc limit 1) e
            cross join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s;
    end if;
end $$;

-- As in 0034, but for what is not shown.
create or replace function pollster.add_posts(a_walls bigint[], a_users bigint[], a_bodies text[], a_keys text[])
    returns table (place bigint, outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    outcomes text[];
    told text[]; -- of those that repeat a key
    posted bigint[]; -- ids of the posts
begin
    -- Keys first and in order: who waits here for another transaction holds no head, and two groups cannot wait for each
    -- other. Of two posts with one key the first is posted.
    with asked as materialized (
        select a.wall, a.author, a.given, a.n, sha256(convert_to(a.words, 'UTF8')) as hash,
               exists (select from pollster.users u join pollster.memberships m on m.user_id = u.id
                       where u.id = a.author and not u.disabled and m.wall_id = a.wall offset 0) as member
        from unnest(a_walls, a_users, a_bodies, a_keys) with ordinality a(wall, author, words, given, n)
    ), first_of_key as materialized (
        select distinct on (q.author, q.given) q.author, q.given, q.n, q.wall, q.hash from asked q
        where q.member and q.given <> '' order by q.author, q.given, q.n
    ), taken as (
        insert into pollster.client_keys as k (user_id, client_key, wall_id, body_hash)
            select f.author, f.given, f.wall, f.hash from first_of_key f order by f.author, f.given
            on conflict do nothing
            returning k.user_id, k.client_key
    )
    select array_agg(case when not q.member then 'forbidden' when q.given = '' or t.n is not null then 'created'
                          else 'repeated' end order by q.n)
        into outcomes
        from asked q
        left join (select f.n from first_of_key f join taken t on t.user_id = f.author and t.client_key = f.given) t on t.n = q.n;

    while 'repeated' = any (outcomes) loop
        -- A key that add_post wrote (0040) leads to its entry by its post; 0: its entry is gone.
        update pollster.client_keys k
            set entry_id = coalesce((select min(e.id) from pollster.entries e
                                     where e.post_id = k.post_id and e.wall_id = k.wall_id and e.kind = 'post'), 0)
            from unnest(a_users, a_keys) a(author, given)
            where k.user_id = a.author and k.client_key = a.given and k.entry_id is null and k.post_id is not null;
        -- A key without an entry is of this transaction.
        select array_agg(case when outcomes[a.n] <> 'repeated' then outcomes[a.n]
                              when k.user_id is null then 'removed'
                              when k.entry_id is not null and not exists (
                                  select from pollster.entries e where e.wall_id = k.wall_id and e.id = k.entry_id and e.kind = 'post'
                                  and e.post_id = coalesce(k.post_id, e.post_id) offset 0) then 'lost'
                              when k.wall_id = a.wall and k.body_hash = sha256(convert_to(a.words, 'UTF8')) then 'known'
                              else 'conflict' end order by a.n)
            into told
            from unnest(a_walls, a_users, a_bodies, a_keys) with ordinality a(wall, author, words, given, n)
            left join pollster.client_keys k on k.user_id = a.author and k.client_key = a.given;
        if 'removed' = any (told) then
            -- Because it was old, between the two statements.
            raise exception 'a client_key was removed meanwhile: try again' using errcode = 'serialization_failure';
        elsif 'lost' = any (told) then
            -- The first post of each such key takes it over, unless another transaction did meanwhile; then look again.
            with first_of_key as materialized (
                select distinct on (a.author, a.given) a.author, a.given, a.n, a.wall, k.entry_id, sha256(convert_to(a.words, 'UTF8')) as hash
                from unnest(a_walls, a_users, a_bodies, a_keys) with ordinality a(wall, author, words, given, n)
                join pollster.client_keys k on k.user_id = a.author and k.client_key = a.given
                where told[a.n] = 'lost' order by a.author, a.given, a.n
            ), taken as (
                update pollster.client_keys k
                    set wall_id = f.wall, body_hash = f.hash, entry_id = null, post_id = null, created_at = clock_timestamp()
                    from first_of_key f where k.user_id = f.author and k.client_key = f.given and k.entry_id = f.entry_id
                    returning f.n
            )
            select array_agg(case when o.n in (select t.n from taken t) then 'created' else o.outcome end order by o.n)
                into outcomes from unnest(outcomes) with ordinality o(outcome, n);
        else
            outcomes := told;
        end if;
    end loop;

    if 'created' = any (outcomes) then
        -- By walls in order, so that two groups cannot wait for each other's heads. Ids come back in the order of writing.
        with accepted as materialized (
            select a.*, row_number() over (order by a.wall, a.n) as turn
            from unnest(a_walls, a_users, a_bodies) with ordinality a(wall, author, words, n) where outcomes[a.n] = 'created'
        ), written as (
            insert into pollster.posts as p (wall_id, user_id, body)
                select c.wall, c.author, c.words from accepted c order by c.turn
                returning p.id
        ), numbered as materialized (
            select w.id, row_number() over () as turn from written w
        )
        select array_agg(w.id order by o.n) into posted
            from unnest(outcomes) with ordinality o(outcome, n)
            left join accepted c on c.n = o.n
            left join numbered w on w.turn = c.turn;
        if cardinality(array_remove(posted, null)) <> cardinality(array_positions(outcomes, 'created')) then
            raise exception 'the table of posts did not take a post';
        end if;
        -- From here on the walls' heads are locked.
        perform pollster.number_now(cardinality(array_positions(outcomes, 'created')));
    end if;

    return query
        with done as materialized (
            select a.n, a.wall, a.author, a.given,
                   case outcomes[a.n]
                       when 'created' then coalesce((select x.id from pollster.entries x
                                                     where x.post_id = posted[a.n] and x.wall_id = a.wall and x.kind = 'post'
                                                     order by x.id desc limit 1), pollster.no_entry(posted[a.n]))
                       when 'known' then (select k.entry_id from pollster.client_keys k
                                          where k.user_id = a.author and k.client_key = a.given)
                   end as number
            from unnest(a_walls, a_users, a_keys) with ordinality a(wall, author, given, n)
        ), noted as (
            update pollster.client_keys k set entry_id = d.number, post_id = posted[d.n]
                from done d
                where outcomes[d.n] = 'created' and d.given <> '' and k.user_id = d.author and k.client_key = d.given
        )
        select d.n, outcomes[d.n], e.id, e.post_id, e.kind, s.user_id, s.user_name,
               case when outcomes[d.n] = 'created' then coalesce(s.body, pollster.not_shown()) else s.body end,
               s.created_at, s.edited_at, s.extra
        from done d
        -- One that repeats another of this group: `noted` is too late to be seen here.
        left join lateral (select case when outcomes[d.n] = 'known' and d.number is null
                                       then (select c.number from done c where c.author = d.author and c.given = d.given
                                                 and outcomes[c.n] = 'created')
                                       else d.number end as number offset 0) own on true
        left join lateral (select x.* from pollster.entries x where x.wall_id = d.wall and x.id = own.number offset 0) e on true
        left join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s on true
        order by d.n;
end $$;

create or replace function pollster.change_post(a_wall bigint, a_user bigint, a_post bigint, a_body text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
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
        return query select 'forbidden', null::bigint, null::bigint, null, null::bigint, null, null, null, null, null;
        return;
    end if;

    select p.user_id, p.body into is_now from pollster.posts p where p.id = a_post and p.wall_id = a_wall;
    if not found then
        -- Deleted by its author before: a client that lost the answer asks again.
        select e.* into newest from pollster.newest_entry(a_wall, a_post) e;
        if not found or a_body is not null or newest.kind <> 'delete' or newest.user_id is distinct from a_user then
            return query select 'missing', null::bigint, null::bigint, null, null::bigint, null, null, null, null, null;
            return;
        end if;
        outcome := 'unchanged';
        number := newest.id;
    elsif is_now.user_id is distinct from a_user then
        return query select 'foreign', null::bigint, null::bigint, null, null::bigint, null, null, null, null, null;
        return;
    elsif is_now.body = a_body then
        outcome := 'unchanged';
        select e.id into number from pollster.newest_entry(a_wall, a_post) e;
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
        -- From here on the wall's head is locked.
        perform pollster.number_now(1);
        if outcome = 'changed' then
            select max(e.id) into number from pollster.entries e where e.post_id = a_post and e.wall_id = a_wall and e.kind = change;
        else
            select e.id into number from pollster.newest_entry(a_wall, a_post) e;
        end if;
        if outcome = 'changed' and change = 'edit' and not exists (
                select from pollster.newest_entry(a_wall, a_post) e
                cross join lateral pollster.shown(a_wall, e.id, a_post, e.kind, e.user_id, null) s where s.body is not null) then
            perform pollster.not_shown();
        end if;
        if number is null or (outcome = 'changed' and not exists (
                select from pollster.heads h where h.wall_id = a_wall and h.changed_by = pg_current_xact_id())) then
            raise exception 'the change got no entry: is the trigger pollster.feed_entry on the table of posts?'
                using errcode = 'undefined_object';
        end if;
    end if;

    return query
        select outcome, e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at, s.extra
        from pollster.entries e
        cross join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s
        where outcome <> 'missing' and e.wall_id = a_wall and e.id = number
        union all
        select outcome, null::bigint, null::bigint, null, null::bigint, null, null, null, null, null where outcome = 'missing';
end $$;

revoke execute on function pollster.not_shown, pollster.is_born_marked, pollster.no_entry, pollster.add_post, pollster.add_posts,
    pollster.change_post from public;

-- As in 0022. A `json` may hold what no `jsonb` can (\u0000): the application's own insert failed by it.
create or replace function pollster.row_of(row_of anyelement, variadic columns text[]) returns jsonb
    language plpgsql stable
as $$
declare
    result jsonb := '{}';
    value jsonb;
    c text;
begin
    return to_jsonb(row_of);
exception when program_limit_exceeded or internal_error or data_exception then
    foreach c in array columns loop
        begin
            execute pg_catalog.format('select pg_catalog.to_jsonb(($1).%I)', c) into value using row_of;
        exception when undefined_column then
            continue;
        when program_limit_exceeded or internal_error or data_exception then
            execute pg_catalog.format('select pg_catalog.to_jsonb(pg_catalog.md5(($1).%I::pg_catalog.text))', c)
                into value using row_of;
        end;
        result := result || jsonb_build_object(c, value);
    end loop;
    return result;
end $$;

-- As in 0034. If only `extra` cannot be had (a `json` that is no `jsonb`), only that is lost.
create or replace function pollster.post_of_entry_careful(a_wall bigint, a_entry bigint, a_post bigint, a_kind text)
    returns table (user_id bigint, body text, created_at text, edited_at text, extra text)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    begin
        return query select p.* from pollster.post_of_entry(a_wall, a_entry, a_post, a_kind) p;
        return;
    exception when others then
        if pollster.is_trouble(sqlstate) then
            raise;
        end if;
    end;
    return query
        select pollster.id_of(p.user_id), pollster.body_of(p.body::text), pollster.utc(p.created_at), pollster.utc(p.edited_at),
               (select 'null' from pg_attribute a where a.attrelid = to_regclass('pollster.posts') and a.attname = 'extra'
                    and not a.attisdropped)
        from pollster.posts p
        where p.id = a_post and p.wall_id = a_wall and a_kind <> 'delete'
            and not exists (select from pollster.served_entries l where l.post_id = a_post and l.wall_id = a_wall
                            and l.kind in ('post', 'delete') and l.id > a_entry offset 0)
        limit 1;
exception when others then
    if pollster.is_trouble(sqlstate) then
        raise;
    end if;
end $$;
