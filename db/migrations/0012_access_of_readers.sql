-- Whether a reader may read, for the statement that reads: what a server remembers of sessions and memberships may be a look old, and a post
-- that was committed after a revocation must not be read by whom it concerns.

-- signed_in: the session is this user's, has not expired, and the user is not disabled. member: and may see that wall. No settings, so that
-- the planner puts it into the statement, which has one snapshot for this and for what is read.
create function pollster.access_of(a_session text, a_user bigint, a_wall bigint) returns table (signed_in boolean, member boolean)
    language sql stable parallel safe
as $$
    select s.good, s.good and exists (select from pollster.memberships m join pollster.walls w on w.id = m.wall_id
                                      where m.user_id = a_user and m.wall_id = a_wall offset 0)
    from (select exists (select from pollster.sessions s join pollster.users u on u.id = s.user_id
                         where s.token_hash = sha256(convert_to(a_session, 'UTF8')) and s.user_id = a_user and s.expires_at > now()
                             and not u.disabled offset 0) as good) s
$$;
