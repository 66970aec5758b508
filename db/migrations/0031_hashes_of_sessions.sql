-- Whether a reader may read is asked with the hash of the session's token. The text of a token never reaches
-- PostgreSQL, so no log has it, whatever is logged there: statements, parameters, plans, the details of errors. The
-- functions that took the text stay for processes of the version before.

-- As in 0017.
create function pollster.access_of(a_session bytea, a_user bigint, a_wall bigint)
    returns table (signed_in boolean, member boolean)
    language sql stable parallel safe
as $$
    select s.good, s.good and exists (select from pollster.memberships m join pollster.walls w on w.id = m.wall_id
                                      where m.user_id = a_user and m.wall_id = a_wall offset 0)
    from (select exists (select from pollster.sessions s join pollster.users u on u.id = s.user_id
                         where s.token_hash = a_session and s.user_id = a_user
                             and coalesce(s.expires_at > now(), true) and not u.disabled offset 0) as good) s
$$;

-- As in 0019.
create function pollster.access_of_careful(a_session bytea, a_user bigint, a_wall bigint)
    returns table (signed_in boolean, member boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    signed_in := exists (select from pollster.who_careful(array[a_session]) w where w.user_id = a_user);
    member := signed_in and exists (select from pollster.walls_of_careful(a_user) w where w.id = a_wall);
    return next;
end $$;
