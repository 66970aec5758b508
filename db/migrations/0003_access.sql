-- Whose access changed, for the caches of every server: a revoked session or membership must stop a parked poll within a second.
--
-- Rows are only added, so no two writers ever wait for each other here. The triggers are deferred so that changed_at is the
-- time of the commit, whatever the age of the transaction.

create table pollster.access_changes (
    user_id bigint not null,
    changed_by xid8 not null,
    changed_at timestamptz not null
);
-- serves "whose access changed since my last look"
create index access_changes_changed_by on pollster.access_changes (changed_by);
-- serves the removal of old rows
create index access_changes_changed_at on pollster.access_changes (changed_at);

comment on table pollster.access_changes is 'users whose sessions, memberships or state changed lately';

-- Internal.
create function pollster.note_access_change(a_user bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if a_user is not null then
        insert into pollster.access_changes (user_id, changed_by, changed_at)
            values (a_user, pg_current_xact_id(), clock_timestamp());
        perform pg_notify('pollster_access', a_user::text);
    end if;
end $$;

-- For `create constraint trigger ... deferrable initially deferred for each row` on the tables behind sessions, memberships
-- and users. Argument: the column of the user's id, if it is not called user_id.
create function pollster.access_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_user text := coalesce(tg_argv[0], 'user_id');
    was bigint;
    is_now bigint;
begin
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
    return null;
end $$;

-- Signing in adds a session, which changes nothing for anybody. A session that had expired already gave no access.
create constraint trigger session_updated after update on pollster_default.sessions
    deferrable initially deferred for each row execute function pollster.access_changed();
create constraint trigger session_deleted after delete on pollster_default.sessions
    deferrable initially deferred for each row when (old.expires_at > now()) execute function pollster.access_changed();

create constraint trigger membership_changed after insert or update or delete on pollster_default.memberships
    deferrable initially deferred for each row execute function pollster.access_changed();

create constraint trigger user_changed after delete or update of id, name, disabled on pollster_default.users
    deferrable initially deferred for each row execute function pollster.access_changed('id');

revoke execute on function pollster.note_access_change, pollster.access_changed from public;
