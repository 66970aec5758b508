-- Epochs: which history a number belongs to. A wall's number 57 means something only while the wall and the database go on from where
-- they were. A wall that is removed and comes back with its id, a head that falls, a restored backup or a standby that had not everything
-- begin another history, and a cursor of before must hear so. A wall's epoch for clients is that of the whole history xor that of its head.
--
-- And the same notes that tell of changed access now also tell which entries in the memory of servers are not what the database says.

-- From a uuid, whose randomness no setseed() of a writer makes repeat itself. Below 2^48, so exact in JavaScript.
create function pollster.draw_epoch() returns bigint
    language sql volatile
    return ('x' || right(gen_random_uuid()::text, 12))::bit(48)::bigint;

-- Microseconds since 1970; 0: not known. Of times that a table of posts may hold, infinite and ancient ones too.
create function pollster.stamp(t timestamptz) returns bigint
    language sql immutable parallel safe
    return case when t >= '1970-01-01 00:00:00+00' and t < '10000-01-01 00:00:00+00'
                then (extract(epoch from t) * 1000000)::bigint else 0 end;

alter table pollster.heads add column epoch bigint not null default pollster.draw_epoch();
-- of the newest entry's created_at: tells it from one with the same number in another history
alter table pollster.heads add column stamp bigint not null default 0;
update pollster.heads h set stamp = pollster.stamp(e.created_at)
    from pollster.entries e where e.wall_id = h.wall_id and e.id = h.last_entry;

create table pollster.history (
    one boolean primary key default true check (one),
    epoch bigint not null default pollster.draw_epoch(),
    server text -- where it was last found complete (db/look.cpp); null: not yet
);
insert into pollster.history default values;
comment on table pollster.history is 'which history of the database this is; another one after a restored backup';

-- Notes. user_id is 0 where `kind` is about no user, for servers of the version before.
alter table pollster.access_changes
    add column kind text not null default 'access' check (kind in ('access', 'author', 'wall', 'removed', 'everything')),
    add column wall_id bigint;
comment on table pollster.access_changes is
    'lately changed: the access of a user, an author''s name, what a wall''s entries show, or everything';
drop index pollster.access_changes_changed_by;
-- serves "what changed since my last look", and one note a wall, kind and transaction
create index access_changes_changed_by on pollster.access_changes (changed_by, wall_id);

-- Internal. Entries of this author show another name.
create function pollster.note_author(a_user bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    insert into pollster.access_changes (user_id, kind, changed_by, changed_at)
        values (a_user, 'author', pg_current_xact_id(), clock_timestamp());
end $$;

-- Internal. Entries of this wall show something else (kind wall), or its head went (removed).
create function pollster.note_wall(a_wall bigint, a_kind text default 'wall') returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if a_wall is not null and not exists (select from pollster.access_changes c
                                          where c.changed_by = pg_current_xact_id() and c.wall_id = a_wall
                                              and c.kind = a_kind) then
        insert into pollster.access_changes (user_id, wall_id, kind, changed_by, changed_at)
            values (0, a_wall, a_kind, pg_current_xact_id(), clock_timestamp());
        perform pollster.hint('pollster_walls', a_wall::text);
    end if;
end $$;

-- Internal. Nothing in memory may be trusted: neither entries nor anybody's access.
create function pollster.note_everything() returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    insert into pollster.access_changes (user_id, kind, changed_by, changed_at)
        values (0, 'everything', pg_current_xact_id(), clock_timestamp());
    perform pollster.hint('pollster_access', '0');
end $$;

-- Internal. From here on no number means what it meant.
create function pollster.begin_history() returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    update pollster.history set epoch = pollster.draw_epoch();
    perform pollster.note_everything();
end $$;

-- What a server found, which saw the history with this epoch: complete, or cut. Of several servers that find it cut one draws the new
-- epoch, and is told true.
create function pollster.verify_history(a_epoch bigint, a_server text, a_cut boolean) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if a_cut then
        update pollster.history set epoch = pollster.draw_epoch(), server = a_server where epoch = a_epoch;
        return found;
    end if;
    update pollster.history set server = a_server where epoch = a_epoch and server is distinct from a_server;
    return false;
end $$;

-- `pollster restored`: begins a new history by hand, where no server could see that entries were lost.
create function pollster.restored() returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    perform pollster.begin_history();
    update pollster.history set server = null;
end $$;

-- For an application that shows something else on a wall in a way that no trigger here can see: its view hides or replaces a text. From
-- the next look on servers give what the database says. With a_reread clients, too, drop what they hold and read the history.
create function pollster.refresh_wall(a_wall bigint, a_reread boolean default false) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if a_reread then
        update pollster.heads set epoch = pollster.draw_epoch() where wall_id = a_wall;
    end if;
    perform pollster.note_wall(a_wall);
end $$;
create function pollster.refresh_all(a_reread boolean default false) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if a_reread then
        perform pollster.begin_history();
    else
        perform pollster.note_everything();
    end if;
end $$;

-- The same for `create constraint trigger ... after update of <columns> on <posts> deferrable initially deferred for each row`: columns that
-- an entry shows (other than the text and the wall, which are feed_entry's) or that the view chooses by. Argument: the column of the wall.
create function pollster.post_refreshed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_wall text := coalesce(tg_argv[0], 'wall_id');
begin
    perform pollster.note_wall((to_jsonb(new) ->> c_wall)::bigint);
    return null;
end $$;
create constraint trigger post_refreshed after update of id, user_id, created_at, edited_at on pollster_default.posts
    deferrable initially deferred for each row
    when ((old.id, old.user_id, old.created_at, old.edited_at) is distinct from (new.id, new.user_id, new.created_at, new.edited_at))
    execute function pollster.post_refreshed();

-- As in 0003. On the table of users further arguments are the columns that make up the name, which is shown with every entry. After a
-- truncate nobody has access; that trigger is `after truncate ... for each statement`.
create or replace function pollster.access_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_user text := coalesce(tg_argv[0], 'user_id');
    was bigint;
    is_now bigint;
    renamed boolean := false;
begin
    if tg_op = 'TRUNCATE' then
        perform pollster.note_everything();
        return null;
    end if;
    if tg_op <> 'INSERT' then
        was := (to_jsonb(old) ->> c_user)::bigint;
        perform pollster.note_access_change(was);
    end if;
    if tg_op <> 'DELETE' then
        is_now := (to_jsonb(new) ->> c_user)::bigint;
        if is_now is distinct from was then
            perform pollster.note_access_change(is_now);
        end if;
    end if;
    if tg_nargs > 1 and was is not null then
        renamed := is_now is distinct from was;
        for i in 1 .. tg_nargs - 1 loop
            renamed := renamed or (to_jsonb(old) -> tg_argv[i]) is distinct from (to_jsonb(new) -> tg_argv[i]);
        end loop;
        if renamed then
            perform pollster.note_author(was);
        end if;
    end if;
    return null;
end $$;
drop trigger user_changed on pollster_default.users;
create constraint trigger user_changed after delete or update of id, name, disabled on pollster_default.users
    deferrable initially deferred for each row execute function pollster.access_changed('id', 'name');

create trigger users_truncated after truncate on pollster_default.users
    for each statement execute function pollster.access_changed();
create trigger memberships_truncated after truncate on pollster_default.memberships
    for each statement execute function pollster.access_changed();
create trigger sessions_truncated after truncate on pollster_default.sessions
    for each statement execute function pollster.access_changed();

-- A head that falls or changes its wall by anybody's hand: what comes is another history.
create function pollster.head_fell() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if new.epoch = old.epoch then
        new.epoch := pollster.draw_epoch();
    end if;
    new.changed_by := pg_current_xact_id();
    update pollster.read_marks m set entry_id = new.last_entry where m.wall_id = new.wall_id and m.entry_id > new.last_entry;
    if new.wall_id <> old.wall_id then
        perform pollster.note_wall(old.wall_id);
    end if;
    return new;
end $$;
create trigger head_fell before update on pollster.heads
    for each row when (new.last_entry < old.last_entry or new.epoch <> old.epoch or new.wall_id <> old.wall_id)
    execute function pollster.head_fell();

-- A head that goes: with its wall, or by hand. Looks find heads by who changed them, and this one is not there to be found.
create function pollster.head_gone() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from pollster.read_marks m where m.wall_id = old.wall_id;
    perform pollster.note_wall(old.wall_id, 'removed');
    return null;
end $$;
create trigger head_gone after delete on pollster.heads for each row execute function pollster.head_gone();

create function pollster.feed_truncated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform pollster.begin_history();
    return null;
end $$;
create trigger feed_truncated after truncate on pollster.heads for each statement execute function pollster.feed_truncated();
create trigger feed_truncated after truncate on pollster.entries for each statement execute function pollster.feed_truncated();

-- For `create trigger ... after truncate on <posts, walls> for each statement`: the feed begins anew with what is left.
create function pollster.posts_truncated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    truncate pollster.entries, pollster.heads, pollster.read_marks, pollster.client_keys;
    perform pollster.adopt_posts();
    return null;
end $$;
create trigger posts_truncated after truncate on pollster_default.posts
    for each statement execute function pollster.posts_truncated();
create trigger walls_truncated after truncate on pollster_default.walls
    for each statement execute function pollster.posts_truncated();

-- Internal: as in 0010. Entries of one call are of one moment, which the head notes.
create or replace function pollster.append_entries(a_wall bigint, a_posts bigint[], a_kinds text[], a_users bigint[]) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    many bigint := cardinality(a_posts);
    newest bigint;
    moment bigint;
begin
    -- A removed wall takes its posts along; nobody is left to be told about each. Its trigger has removed the feed; if there is none, a
    -- later wall with its id at least begins another history.
    if not exists (select from pollster.walls w where w.id = a_wall) then
        update pollster.heads h set epoch = pollster.draw_epoch()
            where h.wall_id = a_wall and h.changed_by <> pg_current_xact_id();
        return;
    end if;
    -- The same when the id has come back in this transaction: what is deleted now was the former wall's.
    if 'delete' = any (a_kinds) and exists (select from pollster.access_changes c where c.changed_by = pg_current_xact_id()
                                                and c.wall_id = a_wall and c.kind = 'removed') then
        select array_agg(e.post order by e.n), array_agg(e.kind order by e.n), array_agg(e.author order by e.n), count(*)
            into a_posts, a_kinds, a_users, many
            from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n) where e.kind <> 'delete';
        if many = 0 then
            return;
        end if;
    end if;
    update pollster.heads as h
        set last_entry = h.last_entry + many, changed_by = pg_current_xact_id(), stamp = pollster.stamp(clock_timestamp())
        where h.wall_id = a_wall
        returning h.last_entry, h.stamp into newest, moment;
    if not found then
        -- Above what a head that went by hand has left.
        insert into pollster.heads as h (wall_id, last_entry, changed_by, stamp)
            values (a_wall, many + coalesce((select max(e.id) from pollster.entries e where e.wall_id = a_wall), 0), pg_current_xact_id(),
                    pollster.stamp(clock_timestamp()))
            on conflict (wall_id) do update
                set last_entry = h.last_entry + many, changed_by = excluded.changed_by, stamp = pollster.stamp(clock_timestamp())
            returning h.last_entry, h.stamp into newest, moment;
    end if;
    insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
        select a_wall, newest - many + e.n, e.post, e.kind, e.author, timestamptz 'epoch' + moment * interval '1 microsecond'
        from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n);
    perform pollster.hint('pollster_walls', a_wall::text);
end $$;

-- As in 0002.
create or replace function pollster.adopt_posts() returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    adopted bigint;
begin
    with written as (
        insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
            select p.wall_id, row_number() over (partition by p.wall_id order by p.id), p.id, 'post', p.user_id, p.created_at
            from pollster.posts p
            where not exists (select from pollster.heads h where h.wall_id = p.wall_id)
            returning wall_id, id, created_at
    ), headed as (
        insert into pollster.heads (wall_id, last_entry, changed_by, stamp)
            select distinct on (w.wall_id) w.wall_id, w.id, pg_current_xact_id(), pollster.stamp(w.created_at)
            from written w order by w.wall_id, w.id desc
    )
    select count(*) into adopted from written;
    return adopted;
end $$;

revoke execute on function pollster.draw_epoch, pollster.note_author, pollster.note_wall, pollster.note_everything,
    pollster.begin_history, pollster.verify_history, pollster.restored, pollster.refresh_wall, pollster.refresh_all,
    pollster.post_refreshed, pollster.head_fell, pollster.head_gone, pollster.feed_truncated, pollster.posts_truncated from public;
-- To roles that run a server without owning the schema.
do $$
declare
    granted record;
begin
    for granted in
        select distinct a.grantee::regrole as role from pg_class c, aclexplode(c.relacl) a
        where c.oid = 'pollster.heads'::regclass and a.privilege_type = 'SELECT' and a.grantee not in (0, c.relowner)
    loop
        execute format('grant select on pollster.history to %s', granted.role);
        execute format('grant execute on function pollster.verify_history, pollster.stamp to %s', granted.role);
    end loop;
end $$;
