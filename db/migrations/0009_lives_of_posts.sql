-- A post may come back: moved to another wall and back, or deleted and put back with its id. Each time begins a life of it on that wall,
-- with an entry of the kind 'post'. An entry of a former life shows nothing, whatever became of the post.

-- serves the newest entry of a post of one kind or several: where its present life begins, and its last change
drop index pollster.entries_of_post;
create index entries_of_post on pollster.entries (post_id, wall_id, kind, id);

-- The post that an entry shows: as it is now, if the entry belongs to its present life on that wall; else no row. With the next
-- function the one place that says so. No settings, so that the planner puts both into the statements that use them; "limit 1"
-- makes it look up each entry by itself, and an entry stays one row whatever the view holds.
create function pollster.post_of_entry(a_wall bigint, a_entry bigint, a_post bigint, a_kind text)
    returns table (user_id bigint, body text, created_at text, edited_at text)
    language sql stable parallel safe
as $$
    select p.user_id::bigint, p.body::text, pollster.utc(p.created_at), pollster.utc(p.edited_at)
    from pollster.posts p
    where p.id = a_post and p.wall_id = a_wall and a_kind <> 'delete'
        and not exists (select from pollster.entries l where l.post_id = a_post and l.wall_id = a_wall
                        and l.kind in ('post', 'delete') and l.id > a_entry offset 0)
    limit 1
$$;

-- What readers see of an entry besides its numbers. The author is the post's of now; of an entry that shows no post, who wrote or
-- deleted it then.
create function pollster.shown(a_wall bigint, a_entry bigint, a_post bigint, a_kind text, a_user bigint, a_at timestamptz)
    returns table (user_id bigint, user_name text, body text, created_at text, edited_at text)
    language sql stable parallel safe
as $$
    select author.id, coalesce(u.name::text, ''), p.body, coalesce(p.created_at, pollster.utc(a_at)), p.edited_at
    from (select) entry
    left join lateral (select true as present, x.* from pollster.post_of_entry(a_wall, a_entry, a_post, a_kind) x) p on true
    cross join lateral (select case when p.present then p.user_id else a_user end as id) author
    left join lateral (select x.name from pollster.users x where x.id = author.id limit 1) u on true
$$;

create function pollster.newest_entry(a_wall bigint, a_post bigint) returns setof pollster.entries
    language sql stable parallel safe
as $$
    select e.* from unnest('{post,edit,delete}'::text[]) k(kind)
    cross join lateral (select x.* from pollster.entries x
                        where x.post_id = a_post and x.wall_id = a_wall and x.kind = k.kind order by x.id desc limit 1) e
    order by e.id desc limit 1
$$;

-- As in 0002, and a change of the author is an 'edit', too: accounts were merged. (Not that the author's account is gone: that is a change
-- of the user, and may concern all posts.) A post that gets another id is another post.
create or replace function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_id text := coalesce(tg_argv[0], 'id');
    c_wall text := coalesce(tg_argv[1], 'wall_id');
    c_user text := coalesce(tg_argv[2], 'user_id');
    c_body text := coalesce(tg_argv[3], 'body');
    was jsonb;
    is_now jsonb;
begin
    if tg_op <> 'INSERT' then
        was := to_jsonb(old);
    end if;
    if tg_op <> 'DELETE' then
        is_now := to_jsonb(new);
    end if;
    if tg_op = 'UPDATE' and was ->> c_wall is not distinct from is_now ->> c_wall and was ->> c_id = is_now ->> c_id then
        if was ->> c_body is distinct from is_now ->> c_body
                or (is_now ->> c_user is not null and was ->> c_user is distinct from is_now ->> c_user) then
            perform pollster.append_entry((is_now ->> c_wall)::bigint, (is_now ->> c_id)::bigint, 'edit',
                                          (is_now ->> c_user)::bigint);
        end if;
        return null;
    end if;
    -- An update that gets here moved the post: it leaves one wall and appears on another.
    if was is not null then
        perform pollster.append_entry((was ->> c_wall)::bigint, (was ->> c_id)::bigint, 'delete',
                                      (was ->> c_user)::bigint);
    end if;
    if is_now is not null then
        perform pollster.append_entry((is_now ->> c_wall)::bigint, (is_now ->> c_id)::bigint, 'post',
                                      (is_now ->> c_user)::bigint);
    end if;
    return null;
end $$;

drop trigger feed_entry on pollster_default.posts;
create constraint trigger feed_entry after insert or delete or update of id, wall_id, user_id, body on pollster_default.posts
    deferrable initially deferred for each row execute function pollster.feed_entry();

-- As in 0007; what is told of the entry is what readers see of it.
create or replace function pollster.change_post(a_wall bigint, a_user bigint, a_post bigint, a_body text)
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
        select e.* into newest from pollster.newest_entry(a_wall, a_post) e;
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
        -- The feed's trigger runs now, so that the entry's number can be told. From here on the wall's head is locked.
        set constraints all immediate;
        if outcome = 'changed' then
            select max(e.id) into number from pollster.entries e where e.post_id = a_post and e.wall_id = a_wall and e.kind = change;
        else
            select e.id into number from pollster.newest_entry(a_wall, a_post) e;
        end if;
        if number is null or (outcome = 'changed' and not exists (
                select from pollster.heads h where h.wall_id = a_wall and h.changed_by = pg_current_xact_id())) then
            raise exception 'the change got no entry: is the trigger pollster.feed_entry on the table of posts?'
                using errcode = 'undefined_object';
        end if;
    end if;

    return query
        select outcome, e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at
        from pollster.entries e
        cross join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s
        where outcome <> 'missing' and e.wall_id = a_wall and e.id = number
        union all
        select outcome, null::bigint, null::bigint, null, null::bigint, null, null, null, null where outcome = 'missing';
end $$;

-- Keys go with their wall, and each knows its post: the number of its entry may come again with another wall of that id.
alter table pollster.client_keys add post_id bigint; -- null: written by a version before, or inside the transaction that posts
-- serves the removal of a wall
create index client_keys_of_wall on pollster.client_keys (wall_id);

create or replace function pollster.wall_removed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    gone bigint := (to_jsonb(old) ->> coalesce(tg_argv[0], 'id'))::bigint;
begin
    -- Members that a cascade has not removed already, and told thereby.
    perform pollster.note_access_change(m.user_id) from pollster.memberships m where m.wall_id = gone;
    delete from pollster.entries where wall_id = gone;
    delete from pollster.heads where wall_id = gone;
    delete from pollster.read_marks where wall_id = gone;
    delete from pollster.client_keys where wall_id = gone;
    return null;
end $$;

-- The post was written, but has no entry on the wall where it was to be.
create function pollster.no_entry(a_post bigint) returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from pollster.entries e where e.post_id = a_post) then
        raise exception 'a rule of the application put the post on another wall';
    end if;
    raise exception 'the post got no entry: is the trigger pollster.feed_entry on the table of posts?' using errcode = 'undefined_object';
end $$;

-- As in 0006. A key whose entry is gone, with its wall or by hand, acknowledges nothing: the post is posted.
create or replace function pollster.add_posts(a_walls bigint[], a_users bigint[], a_bodies text[], a_keys text[])
    returns table (place bigint, outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
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
        -- The feed's trigger runs now, so that the entries' numbers can be told. From here on the walls' heads are locked.
        set constraints all immediate;
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
        select d.n, outcomes[d.n], e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at
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

drop function pollster.no_entry();

-- Does a post meet a key that exists already, of those that the database draws from a sequence? Then it is not the post's fault. Tries it
-- once more to find out, and leaves nothing behind but the step of the sequence.
create function pollster.drawn_key_exists(a_wall bigint, a_user bigint, a_body text) returns boolean
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    key_name text;
    of_schema text;
begin
    insert into pollster.posts (wall_id, user_id, body) values (a_wall, a_user, a_body);
    raise exception 'it is free now' using errcode = 'raise_exception', schema = 'free';
exception
    when unique_violation then
        get stacked diagnostics key_name = constraint_name, of_schema = schema_name;
        return exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_index i on i.indexrelid = c.oid
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where c.relname = key_name and n.nspname = of_schema
                and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%'));
    when raise_exception then
        get stacked diagnostics of_schema = schema_name;
        return of_schema = 'free';
end $$;
