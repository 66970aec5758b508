-- The role that serves owns nothing. It reads views, calls functions, and has no other right: whoever gets hold of the
-- server can do with the database what the server does, and can neither change the feed, nor read the hashes of
-- passwords, nor make anything. Schemas, tables and functions belong to another role, which migrates and administers.
--
-- A view costs nothing: the planner replaces it by its table, and looks for the rights of the view's owner there. What
-- writes, or sees a secret, is a function that runs with the rights of its owner.

-- What the server reads beside the contract. post_of_entry below is the one open function that reads them, too; a
-- function that is open and inlined runs with the rights of whoever calls it.
create view pollster.served_heads as select * from pollster.heads;
create view pollster.served_entries as select * from pollster.entries;
create view pollster.served_history as select * from pollster.history;
create view pollster.served_changes as select * from pollster.access_changes;
create view pollster.served_marks as select * from pollster.read_marks;

comment on view pollster.served_heads is 'for servers: number of the newest entry of every wall';
comment on view pollster.served_entries is 'for servers: the feed of every wall';
comment on view pollster.served_history is 'for servers: which history the numbers belong to';
comment on view pollster.served_changes is 'for servers: what has changed lately besides the feed';
comment on view pollster.served_marks is 'for servers: up to which entry a user has read a wall';

create or replace function pollster.post_of_entry(a_wall bigint, a_entry bigint, a_post bigint, a_kind text)
    returns table (user_id bigint, body text, created_at text, edited_at text, extra text)
    language sql stable parallel safe
as $$
    select p.* from (select null::pollster.no_extra as extra) lacking
    cross join lateral (
        select pollster.id_of(p.user_id), pollster.body_of(p.body::text), pollster.utc(p.created_at), pollster.utc(p.edited_at),
               pollster.extra_of(extra)
        from pollster.posts p
        where p.id = a_post and p.wall_id = a_wall and a_kind <> 'delete'
            and not exists (select from pollster.served_entries l where l.post_id = a_post and l.wall_id = a_wall
                            and l.kind in ('post', 'delete') and l.id > a_entry offset 0)
        limit 1) p
$$;

-- What existed already: one call each from a server's statement, so nothing that was inlined is not any more.
alter function pollster.add_post security definer;
alter function pollster.add_posts security definer;
alter function pollster.change_post security definer;
alter function pollster.drawn_key_exists security definer;
alter function pollster.ids_at_their_end security definer;
alter function pollster.search_page security definer;
alter function pollster.search_page_careful security definer;
alter function pollster.clean_up security definer;

-- The hash of a password, for the server to verify (db/access.cpp says what the stand-in is for). By the name to sign in
-- with, if the view has one (migration login_names says how that is found out), else by the one that others see; as it
-- was typed first. Without a_draws nobody is drawn: some hash of those that might be cannot be read.
create function pollster.password_of(a_typed text, a_nfc text, a_nfd text, a_draws boolean)
    returns table (user_id bigint, password_hash text, disabled boolean, stand_in text)
    language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select pollster.id_of(u.id), pollster.text_of(u.password_hash::text, 255), u.disabled, other.hash
    from (select null::text as login) missing
    left join lateral (
        select * from (
            select n.id, n.password_hash, n.disabled, login::text as given from pollster.users n
                where login in (a_typed, a_nfc, a_nfd)
            union all
            select n.id, n.password_hash, n.disabled, n.name::text from pollster.users n
                where n.name in (a_typed, a_nfc, a_nfd) and not (select pollster.users_have_logins())
        ) found
        order by given = a_typed desc, given = a_nfc desc limit 1
    ) u on true
    left join lateral (
        select o.hash from (
            select p.id, pollster.text_of(p.password_hash::text, 255) as hash from pollster.users p
            where a_draws and p.id >= (
                select (lowest::numeric + (highest::numeric - lowest::numeric)
                        * (hashtextextended(a_nfc, (select system_identifier from pg_control_system())) & 1048575) / 1048576)::bigint
                from (select min(id) as lowest, max(id) as highest from pollster.users
                      where id between 1 and 9223372036854775807) ends)
            order by p.id limit 100
        ) o
        where o.hash like '$%' order by o.id limit 1
    ) other on true
$$;

-- A session for whoever has this password still, and the end of the oldest beyond a_most (0: no bound), at most 1,000 at
-- a time so that it stays short. No row: the user was disabled, or has another password, since the hash was read.
create function pollster.add_session(a_user bigint, a_password_hash text, a_token_hash bytea, a_seconds bigint, a_most bigint)
    returns table (user_id bigint, user_name text, expires_at text, ended bigint)
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    with owner as materialized (
        select u.id, pollster.name_of(u.name::text) as name from pollster.users u
        where u.id = a_user and not u.disabled and u.password_hash::text = a_password_hash limit 1
    ), added as (
        insert into pollster.sessions (token_hash, user_id, created_at, expires_at)
            select a_token_hash, id, now(), now() + make_interval(secs => a_seconds) from owner
            returning expires_at
    ), beyond as materialized (
        select s.token_hash from pollster.sessions s join owner on s.user_id = owner.id
        order by s.created_at desc nulls last, s.token_hash
        offset greatest(a_most - 1, 0) limit case when a_most > 0 then 1000 else 0 end
    ), gone as (
        delete from pollster.sessions where token_hash in (select token_hash from beyond)
    )
    select owner.id, owner.name, pollster.utc(added.expires_at), (select count(*) from beyond) from owner, added
$$;

-- Whether it was a session that let somebody in; null: there is none of this hash.
create function pollster.end_session(a_token_hash bytea) returns boolean
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    delete from pollster.sessions s where s.token_hash = a_token_hash
        returning coalesce(s.expires_at > now(), true)
            and exists (select from pollster.users u where u.id = s.user_id and not u.disabled)
$$;

-- For a member, which whoever calls it makes sure of. A mark above the newest entry would hide what comes later, so it
-- is lowered to it. Returns the mark, which is never lower than it was.
create function pollster.mark_read(a_wall bigint, a_user bigint, a_entry bigint) returns bigint
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into pollster.read_marks as m (wall_id, user_id, entry_id)
        values (a_wall, a_user, least(a_entry, coalesce((select last_entry from pollster.heads where wall_id = a_wall), 0)))
        on conflict (wall_id, user_id) do update set entry_id = greatest(m.entry_id, excluded.entry_id)
        returning entry_id
$$;

-- The list: what a role needs to serve, each in the words of GRANT. A later migration that gives the server something
-- else to read or to call replaces this function. Of the users' columns all but the hash of the password; of functions,
-- those that are closed to everybody else. The one table has to be there in any version: a server finds out by it
-- that the schema is not its own.
create function pollster.rights_to_serve() returns setof text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    values ('usage on schema pollster'),
        ('select on table pollster.schema_migrations'),
        ('select on table pollster.walls'),
        ('select on table pollster.open_walls'),
        ('select on table pollster.memberships'),
        ('select on table pollster.sessions'),
        ('select on table pollster.posts'),
        ('select on table pollster.served_heads'),
        ('select on table pollster.served_entries'),
        ('select on table pollster.served_history'),
        ('select on table pollster.served_changes'),
        ('select on table pollster.served_marks')
    union all
    select format('select (%I) on table pollster.users', a.attname) from pg_attribute a
        where a.attrelid = 'pollster.users'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'password_hash'
    union all
    select format('execute on function %s', p.oid::regprocedure) from pg_proc p
        where p.pronamespace = 'pollster'::regnamespace
            and p.proname in ('add_post', 'add_posts', 'change_post', 'drawn_key_exists', 'ids_at_their_end', -- posts
                              'search_page', 'search_page_careful', 'mark_read', -- reads
                              'password_of', 'add_session', 'end_session', -- sign-ins
                              'verify_history', 'clean_up') -- looks, housekeeping
$$;

-- What was granted to a role on Pollster's schemas and in them, in the same words.
create function pollster.rights_of(a_role name) returns setof text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    with role as (select oid from pg_roles where rolname = a_role),
    schemas as (select oid, nspname, nspacl from pg_namespace where nspname in ('pollster', 'pollster_default'))
    select lower(a.privilege_type) || format(' on schema %I', n.nspname)
        from role, schemas n cross join lateral aclexplode(n.nspacl) a where a.grantee = role.oid
    union all
    select lower(a.privilege_type) || format(' on %s %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass)
        from role, schemas n join pg_class c on c.relnamespace = n.oid cross join lateral aclexplode(c.relacl) a
        where a.grantee = role.oid
    union all
    select lower(a.privilege_type) || format(' (%I) on table %s', t.attname, c.oid::regclass)
        from role, schemas n join pg_class c on c.relnamespace = n.oid join pg_attribute t on t.attrelid = c.oid
        cross join lateral aclexplode(t.attacl) a where a.grantee = role.oid
    union all
    select lower(a.privilege_type) || format(' on %s %s', case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure)
        from role, schemas n join pg_proc p on p.pronamespace = n.oid cross join lateral aclexplode(p.proacl) a
        where a.grantee = role.oid
$$;

-- Gives a role the rights of the list and takes all others from it that it was granted there; without a role: likewise
-- from each that serves already, which is whoever was given add_posts. For `pollster migrate`, at its end, and for whoever
-- made a view of the contract anew. A role that has the rights of the owner is left alone. Returns how many rights it
-- gave or took.
create function pollster.let_serve(a_role name default null) returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    serving name;
    change text;
    changes bigint := 0;
begin
    for serving in
        select r.rolname from pg_roles r
        where case when a_role is not null then r.rolname = a_role
                   else exists (select from pg_proc p cross join lateral aclexplode(p.proacl) a
                                where p.pronamespace = 'pollster'::regnamespace and p.proname = 'add_posts' and a.grantee = r.oid) end
            and not pg_has_role(r.oid, (select n.nspowner from pg_namespace n where n.nspname = 'pollster'), 'usage')
        order by 1
    loop
        for change in
            (select format('revoke %s from %I', held, serving) from pollster.rights_of(serving) held
                where held not in (select pollster.rights_to_serve()))
            union all
            (select format('grant %s to %I', wanted, serving) from pollster.rights_to_serve() wanted
                where wanted not in (select pollster.rights_of(serving)))
        loop
            execute change;
            changes := changes + 1;
        end loop;
    end loop;
    return changes;
end $$;

revoke execute on function pollster.add_post, pollster.drawn_key_exists, pollster.ids_at_their_end, pollster.password_of, pollster.add_session,
    pollster.end_session, pollster.mark_read, pollster.let_serve from public;
