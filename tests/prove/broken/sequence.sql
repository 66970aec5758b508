-- A feed as it is usually built: an entry's number is drawn from a sequence (one a wall) when the post is inserted.
-- Numbers are drawn in one order and become visible in another, and what is rolled back leaves a gap.
-- tests/prove/catches expects prove to see that.
do $$ begin
    for wall in 1..100 loop
        execute format('create sequence pollster.numbers_of_%s', wall);
        execute format('grant usage on sequence pollster.numbers_of_%s to pollster_owner', wall);
    end loop;
end $$;

alter table pollster_default.posts add column number bigint;

create function pollster.draw_number() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$ begin
    new.number := nextval(format('pollster.numbers_of_%s', new.wall_id));
    return new;
end $$;

create trigger draw_number before insert on pollster_default.posts
    for each row execute function pollster.draw_number();

create or replace function pollster.append_entries(a_wall bigint, a_posts bigint[], a_kinds text[], a_users bigint[]) returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    drawn bigint;
begin
    for n in 1 .. cardinality(a_posts) loop
        select number into drawn from pollster_default.posts where a_kinds[n] = 'post' and id = a_posts[n];
        drawn := coalesce(drawn, nextval(format('pollster.numbers_of_%s', a_wall)));
        insert into pollster.heads as h (wall_id, last_entry, changed_by)
            values (a_wall, drawn, pg_current_xact_id())
            on conflict (wall_id) do update set last_entry = greatest(h.last_entry, excluded.last_entry), changed_by = excluded.changed_by;
        insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
            values (a_wall, drawn, a_posts[n], a_kinds[n], a_users[n], clock_timestamp());
    end loop;
    perform pg_notify('pollster_walls', a_wall::text);
    return drawn;
end $$;

-- Which numbers a post that comes alone by itself.
create or replace function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text, a_heard boolean)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    select a.outcome, a.id, a.post_id, a.kind, a.user_id, a.user_name, a.body, a.created_at, a.edited_at, a.extra
    from pollster.add_posts(array[a_wall], array[a_user], array[a_body], array[a_key]) a
$$;
