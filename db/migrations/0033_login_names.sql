-- What people sign in with need not be the name that others see: the view of users may have a column more, `login`, a text. A statement that names
-- it finds, where the view lacks it, the null that stands around it.

create function pollster.users_have_logins() returns boolean language sql stable parallel safe
as $$
    select exists (select from pg_attribute a where a.attrelid = 'pollster.users'::regclass and a.attname = 'login' and not a.attisdropped)
$$;

-- As in 0027, but of the names that people sign in with.
create or replace function pollster.adoption_of_rows(a_schema text default 'pollster')
    returns table (place integer, word text, what text, remedy text, sql text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    rule record;
    many bigint;
    example text;
    -- What people sign in with.
    signs_in_by constant text := case when exists (
        select from pg_attribute a where a.attrelid = to_regclass(format('%I.users', a_schema)) and a.attname = 'login'
            and not a.attisdropped) then 'login' else 'name' end;
begin
    place := 3;
    word := 'rows';
    for rule in select * from (values
        ('memberships', 'user_id, wall_id', 'user_id is not null and wall_id is not null',
         'the same user is a member of the same wall more than once', 'select distinct in the view of memberships'),
        ('users', 'id', 'true', 'several users have one id, of which an unspecified one counts', 'let the view show each once'),
        ('walls', 'id', 'true', 'several walls have one id, of which an unspecified one counts', 'let the view show each once'),
        ('posts', 'id', 'true', 'several posts have one id, of which an unspecified one counts',
         'let the view show each once; ids of several tables need one sequence'),
        ('users', signs_in_by, 'password_hash is not null and ' || signs_in_by || ' is not null',
         'several users with a password have one ' || signs_in_by || '; one of them cannot sign in',
         'one for each; the e-mail address, say, as a column login of the view'),
        ('sessions', 'token_hash', 'token_hash is not null', 'several sessions have one token; if they are of several users it is nobody''s',
         'a unique index on it')) r(view, columns, condition, told, help)
    loop
        execute format('select count(*), min(k) from (select left(concat_ws('', '', %2$s), 100) as k from %1$I.%3$I where %4$s '
                       'group by %2$s having count(*) > 1 limit 1000) d', a_schema, rule.columns, rule.view, rule.condition)
            into many, example;
        if many > 0 then
            what := format('%s, %s times (%s %s)', rule.told, case when many = 1000 then 'over ' else '' end || many,
                           rule.columns, case when rule.view = 'sessions' then 'not shown' else example end);
            remedy := rule.help;
            return next;
        end if;
    end loop;
    for rule in select * from (values
        ('posts', 'wall_id'), ('posts', 'id'), ('memberships', 'user_id'), ('memberships', 'wall_id'), ('users', 'id'), ('walls', 'id'))
        r(view, col)
    loop
        execute format('select count(*) from (select from %1$I.%2$I where pollster.id_of(%3$I) is null limit 1000) d',
                       a_schema, rule.view, rule.col) into many;
        if many > 0 then
            what := format('%s rows of the view %s have no id in %s (a whole number from 1), and count as absent',
                           case when many = 1000 then 'over ' else '' end || many, rule.view, rule.col);
            remedy := 'leave them out of the view, if that is meant';
            return next;
        end if;
    end loop;
    execute format('select count(*) from (select from %1$I.posts p where not exists (select from pollster.heads h '
                   'where h.wall_id = p.wall_id) and exists (select from %1$I.walls w where w.id = p.wall_id) limit 1000) d', a_schema)
        into many;
    if many > 0 then
        place := 8;
        word := 'entries';
        what := format('%s posts are on walls without a feed: they were written before the trigger',
                       case when many = 1000 then 'over ' else '' end || many);
        remedy := 'number them';
        sql := E'select pollster.adopt_posts();\n';
        return next;
    end if;
end $$;
