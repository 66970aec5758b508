-- The search finds what a post says: words as before, and whatever a person copies from a post. In place of that of 0008, whose words were
-- PostgreSQL's parser's: it takes addresses, file names and numbers apart in its own way, knows no accents, and no words where no spaces are.
-- docs/PROTOCOL.md says how a query is read, bench/search what it costs.
--
-- Texts are compared folded: in small letters, without accents and vowel points, one form of each character. In a folded text there are
--   words    of scripts with spaces between words: found whole;
--   signs    all else (Chinese, Japanese, Korean, Thai, ..., punctuation, emoji): found by any part.
-- The index holds the words and the pairs of neighbouring signs, and tells which posts may hold a text. Whether they do is looked up in them.
--
-- Nothing here depends on the locale of the database or on a setting of the session: what an index holds must never change.

-- How small letters are made: a collation whose rules for that are Unicode's on every host.
do $$
declare
    collation_of_letters text := (
        select format('pg_catalog.%I', c.collname) from pg_collation c
        where c.collnamespace = 'pg_catalog'::regnamespace and c.collname in ('pg_c_utf8', 'C.utf8', 'und-x-icu')
            and c.collencoding in (-1, pg_char_to_encoding('UTF8'))
        order by array_position(array['pg_c_utf8', 'C.utf8', 'und-x-icu'], c.collname::text) limit 1);
begin
    if getdatabaseencoding() <> 'UTF8' then
        -- Other encodings have neither normal forms nor most of the scripts.
        execute $f$
            create function pollster.folded(a_text text) returns text language sql immutable parallel safe
            return btrim(regexp_replace(lower(left(a_text, 65536)) collate pg_catalog."C", E'[ \\x01-\\x1f\\x7f]+', ' ', 'g'))
        $f$;
        execute $f$
            create function pollster.letters() returns text language sql immutable parallel safe return E'a-z0-9\\x80-\\xff'
        $f$;
        execute $f$
            create function pollster.ordinary_marks() returns text language sql immutable parallel safe return '.,:;!?''"()[]{}'
        $f$;
        return;
    end if;
    if collation_of_letters is null then
        raise exception 'PostgreSQL has no collation that knows the small letters of all scripts: build it with ICU';
    end if;

    -- Letters, digits and their marks, in scripts with spaces between words, as ranges of a bracket expression.
    execute $f$
        create function pollster.letters() returns text language sql immutable parallel safe
        return E'a-z0-9\\u00aa\\u00b5\\u00ba\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02c1\\u02c6-\\u02d1\\u02e0-\\u02e4' -- Latin
            || E'\\u0370-\\u0373\\u0376\\u0377\\u037a-\\u037d\\u037f\\u0386\\u0388-\\u03ff' -- Greek, Coptic
            || E'\\u0400-\\u0481\\u0483-\\u052f\\u0531-\\u0556\\u0559\\u0560-\\u0588' -- Cyrillic, Armenian
            || E'\\u05d0-\\u05f2\\u0620-\\u0669\\u066e-\\u06d3\\u06d5-\\u06ff\\u0710-\\u07f5\\u0800-\\u082d\\u0840-\\u085b\\u0860-\\u08ff' -- Hebrew, Arabic
            || E'\\u0900-\\u0963\\u0966-\\u096f\\u0971-\\u0df3' -- of India
            || E'\\u10a0-\\u10fa\\u10fc-\\u10ff\\u1200-\\u135f\\u1369-\\u139f\\u13a0-\\u13fd\\u1401-\\u166c\\u166f-\\u167f' -- Georgian to Canadian
            || E'\\u1681-\\u169a\\u16a0-\\u16ea\\u16ee-\\u1734\\u1740-\\u1773\\u1810-\\u18ff' -- Ogham to Mongolian
            || E'\\u1c00-\\u1c37\\u1c40-\\u1c7d\\u1c80-\\u1cbf\\u1cd0-\\u1fff\\u2c00-\\u2dff' -- Lepcha; more Latin, Greek, Georgian
            || E'\\ua4d0-\\ua4fd\\ua500-\\ua60c\\ua610-\\ua672\\ua674-\\ua67d\\ua67f-\\ua6f1\\ua717-\\ua71f\\ua722-\\ua788\\ua78b-\\ua827'
            || E'\\ua840-\\ua873\\ua880-\\ua8c5\\ua8d0-\\ua8f7\\ua8fb-\\ua92d\\uab01-\\uab5a\\uab5c-\\uab69\\uab70-\\uabea\\uabec-\\uabf9'
            || E'\\U00010400-\\U0001044f\\U000104b0-\\U000104fb\\U00011000-\\U00011fff\\U0001e900-\\U0001e959'
    $f$;
    -- What folding leaves as it is, of the scripts that are most written: it spares normal forms, which cost 30 us a post.
    execute $f$
        create function pollster.folded_letters() returns text language sql immutable parallel safe
        return E'\\u0001-\\u0040\\u005b-\\u007e\\u03b1-\\u03c1\\u03c3-\\u03c9\\u0430-\\u044f\\u0452\\u0454-\\u045b\\u045e\\u045f'
            || E'\\u05d0-\\u05ea\\u0621\\u0627-\\u063a\\u0641-\\u0648\\u064a\\u0660-\\u0669\\u0e01-\\u0e32\\u0e34-\\u0e5b'
            || E'\\u3001\\u3002\\u300c-\\u300f\\u3041-\\u3096\\u30a1-\\u30fa\\u30fc\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7a3'
            || E'\\U0001f300-\\U0001faff'
    $f$;
    -- The form in which texts are compared. Words are parted by one space. A post longer than Pollster takes is compared by its beginning.
    execute format($f$
        create function pollster.folded(a_text text) returns text language plpgsql immutable strict parallel safe
        as $b$
        declare
            t text collate pg_catalog."C" := left(a_text, 65536);
        begin
            if octet_length(t) = char_length(t) then
                t := lower(t); -- ASCII
            else
                t := replace(lower(t collate %1$s), E'\u0451', E'\u0435'); -- Russian io
                if t ~ ('[^' || pollster.folded_letters() || ']') then
                    t := lower(normalize(t, nfkd) collate %1$s);
                    if t ~ E'[\u00DF\u00E6\u00F0\u00F8\u00FE\u0111\u0127\u0131\u0142\u0153\u0167\u02BB\u02BC\u03C2\u0438\u0443\u0456\u0649\u06A9\u06CC\u2010-\u203A\u2212\u00AB\u00BB\u301C]' then
                        -- Letters that people take for these, and the quotes and dashes that programs put for typed ones.
                        t := translate(t,
                            E'\u00F0\u00F8\u0111\u0127\u0131\u0142\u0167\u03C2\u0649\u06CC\u06A9'
                                || E'\u02BB\u02BC\u2018\u2019\u201A\u201B\u2032\u2039\u203A\u201C\u201D\u201E\u201F\u2033\u00AB\u00BB\u2010\u2012\u2013\u2014\u2015\u2212\u301C',
                            E'dodhilt\u03C3\u064A\u064A\u0643' || '''''''''''''''''''"""""""------~');
                        t := replace(replace(replace(replace(t, E'\u00DF', 'ss'), E'\u00E6', 'ae'), E'\u0153', 'oe'), E'\u00FE', 'th');
                        -- Letters of their own, not accents.
                        t := replace(replace(replace(t, E'\u0438\u0306', E'\u0439'), E'\u0443\u0306', E'\u045E'), E'\u0456\u0308', E'\u0457');
                    end if;
                    -- Accents; points of Hebrew, Arabic and Syriac; what is not seen.
                    t := regexp_replace(t,
                        E'[\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20dc\\u20e1\\u20e5-\\u20f0\\ufe20-\\ufe2f'
                        || E'\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u0610-\\u061c\\u0640\\u064b-\\u065f\\u0670\\u06d6-\\u06dc'
                        || E'\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed\\u0711\\u0730-\\u074a\\u08ca-\\u08e1\\u08e3-\\u08ff'
                        || E'\\u00ad\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufe00-\\ufe0f'
                        || E'\\ufeff\\ufff9-\\ufffb\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]+', '', 'g');
                    if t ~ ('[^' || pollster.folded_letters() || ']') then
                        t := normalize(t, nfc); -- syllables of Hangul, voiced kana, letters of India
                    end if;
                end if;
            end if;
            return btrim(regexp_replace(t, E'[\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]{2,}'
                || E'|[\\u0001-\\u001f\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]', ' ', 'g'));
        end $b$
    $f$, collation_of_letters);
    -- What ends and opens sentences and parts of them, in folded texts.
    execute $f$
        create function pollster.ordinary_marks() returns text language sql immutable parallel safe
        return '.,:;!?''"()[]{}' || E'\u00A1\u00B7\u00BF\u060C\u061B\u061F\u06D4\u0964\u0965\u3001\u3002\u3008\u3009\u300A\u300B\u300C\u300D\u300E\u300F\u3010\u3011'
    $f$;
end $$;

-- A folded text with \1 before and after each word, so that a part of it is whole words where it is a part of this.
create function pollster.marked(a_folded text) returns text language sql immutable parallel safe
return regexp_replace(a_folded collate pg_catalog."C", '[' || pollster.letters() || ']+', E'\x01\\&\x01', 'g');

-- The signs of a folded text, one by one. Spaces lie where their neighbourhood ends: at words and spaces, and between marks of usual writing
-- and others.
create function pollster.signs(a_folded text) returns text[] language sql immutable parallel safe
return string_to_array(regexp_replace(regexp_replace(a_folded collate pg_catalog."C", '[ ' || pollster.letters() || ']+', ' ', 'g'),
    '[][/_' || translate(pollster.ordinary_marks(), '[]', '') || '-]+', E' \\& ', 'g'), null);

-- What the index holds of a post: its wall as a word that no text can have, its words, and each sign with the one that follows it. A mark
-- of usual writing between others, as in "well, it's", is left out: it is in every post. A query of wall and words is one key for the
-- index, which then reads of each list no more than the shortest asks for.
create function pollster.terms(a_wall bigint, a_body text) returns tsvector
    language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
    t text collate "C" := pollster.folded(a_body);
    terms text[] := string_to_array(btrim(regexp_replace(t, '[^' || pollster.letters() || ']+', ' ', 'g')), ' ');
    signs text[];
begin
    if octet_length(t) > 2000 then
        terms := array(select left(word, 200) from unnest(terms) word); -- 2,046 bytes are the most for one
    end if;
    if t ~ ('[^ ' || pollster.letters() || ']{2}|[^' || pollster.letters() || ' .,:;!?''"()/_-]') then
        signs := pollster.signs(t);
        terms := terms || array(
            select rtrim(sign || coalesce(next, '')) from unnest(signs, signs[2:]) s(sign, next)
            where sign <> ' ' and (coalesce(next, ' ') <> ' ' or strpos(pollster.ordinary_marks() || '/_-', sign) = 0));
    end if;
    return array_to_tsvector(array['wall ' || coalesce(a_wall::text, '')] || terms);
end $$;

-- serves the search of a wall, beside posts_of_wall_in_order
create index posts_terms on pollster_default.posts using gin (pollster.terms(wall_id, body));
analyze pollster_default.posts; -- how frequent each term is
