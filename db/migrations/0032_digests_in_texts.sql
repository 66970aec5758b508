-- For the view of sessions: the SHA-256 that an application keeps in hexadecimal digits, whatever it writes before them ("2::" of Rack). Null for
-- any other text, so that it may stand in an index: none of the application's rows is refused because of it.
create function pollster.digest_of(t text) returns bytea language sql immutable parallel safe
    return case when right(t, 64) ~ '^[0-9a-fA-F]{64}$' then decode(right(t, 64), 'hex') end;
