// Whatever a person copies from a post finds that post, and no post with another text: generated
// texts of many kinds and scripts, in databases of several locales, by reading and by index.
#include "db/database.hpp"
#include "db/migrate.hpp"
#include "db/posts.hpp"
#include "tests/db/answers.hpp"
#include "tests/db/kinds_of_text.hpp"
#include "tests/db/private_postgres.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

namespace {

std::string utf8(std::u32string_view text)
{
    std::string out;
    for (const char32_t c : text) {
        if (c < 0x80) {
            out += static_cast<char>(c);
            continue;
        }
        const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        out += static_cast<char>((0xf00U >> (more + 1) & 0xffU) | c >> 6 * more);
        for (int i = more - 1; i >= 0; --i) {
            out += static_cast<char>(0x80U | (c >> 6 * i & 0x3fU));
        }
    }
    return out;
}

// Accents and what joins emoji belong to the character before.
bool continues(char32_t c)
{
    return (c >= 0x300 && c < 0x370) || (c >= 0x591 && c < 0x5c8) || (c >= 0x64b && c < 0x660) ||
           c == 0x200d || c == 0xfe0f || c == 0x20e3 || c == 0xff9e ||
           (c >= 0x1f3fb && c < 0x1f400);
}

// Of a word in a script with spaces; as far as the texts above go.
bool of_word(char32_t c)
{
    return c < 0x80 ? std::isalnum(static_cast<int>(c)) != 0
                    : !(c >= 0x2000 && c < 0x2070) && c != U'«' && c != U'»' && c != U'।' &&
                          c != U'،' && c != U'€' && !(c >= 0x3000 && c < 0xa000);
}

bool may_be_cut(const kind& k, const std::u32string& text, std::size_t at)
{
    return at == 0 || at == text.size() ||
           (k.spaced ? !of_word(text[at - 1]) || !of_word(text[at])
                     : !continues(text[at]) && text[at - 1] != 0x200d);
}

// The piece with another character in place of one, or of all that count where any order will do;
// none: nothing of it has to be said.
template <class Random>
std::optional<std::u32string> decoy(const kind& k, std::u32string piece, Random& random)
{
    if (piece.find(U"\"") != piece.npos || piece.find(U" -") != piece.npos ||
        piece.starts_with(U"-") || (U" " + piece + U" ").find(U" or ") != piece.npos) {
        return std::nullopt; // queries
    }
    std::vector<std::size_t> count;
    for (std::size_t i = 0; i < piece.size(); ++i) {
        const char32_t c = piece[i];
        if (k.spaced ? of_word(c)
                     : c > 0x80 && !continues(c) && !(c >= 0x3000 && c < 0x3020) && c != U'！' &&
                           c != U'，' && c != U'།') {
            count.push_back(i);
        }
    }
    if (count.empty()) {
        return std::nullopt;
    }
    if (piece.find_first_of(U" \n") == piece.npos) {
        count = {count[random() % count.size()]};
    }
    for (const auto i : count) {
        piece[i] = k.spaced ? U'ⲁ' : U'龘';
    }
    return piece;
}

struct copied {
    std::string piece;
    std::string text;
    std::int64_t post = 0;
    std::int64_t decoy = 0;
};

struct searched {
    private_postgres& pg = private_postgres::shared();
    std::string name;
    std::unique_ptr<db::database> database;
    std::mt19937 random{13};                      // NOLINT: the same texts every time
    const std::string ann = std::string(43, 'a'); // her session

    void make(const std::string& options)
    {
        name = pg.empty_database();
        pg.sql("postgres", "drop database " + name);
        pg.sql("postgres", "create database " + name + " template template0 " + options);
        const auto done = db::migrate(pg.settings(name), [](const std::string&) {});
        BOOST_REQUIRE(done.has_value());
        pg.sql(name, "insert into pollster.users (id, name) values (1, 'ann'); insert into "
                     "pollster.walls (id, name) select n, 'wall ' || n from generate_series(1, "
                     "100) n; insert into pollster.memberships (user_id, wall_id) select 1, n from "
                     "generate_series(1, 100) n");
        pg.sql(name, "insert into pollster.sessions (token_hash, user_id, created_at, expires_at) "
                     "values (sha256('" +
                         ann + "'), 1, now(), now() + interval '1 day')");
        database = std::make_unique<db::database>(pg.settings(name));
    }

    std::int64_t post(int wall, const std::string& body)
    {
        const auto done = database->posts().add_post(
            {walls::wall_id{wall}, db::reader{ann, walls::user_id{1}}, body, {}});
        return number(written(done).entry.post);
    }

    db::history page_of(const db::search_query& wanted)
    {
        return database->posts().search({ann, walls::user_id{1}}, wanted).value();
    }

    std::vector<std::int64_t> find(int wall, const std::string& words)
    {
        std::vector<std::int64_t> found;
        std::optional<walls::entry_id> before;
        do {
            const auto page = page_of({walls::wall_id{wall}, words, before, 200});
            for (const auto& e : page.posts) {
                found.push_back(number(e.post));
            }
            before = page.before;
        } while (before);
        std::sort(found.begin(), found.end());
        return found;
    }
    bool finds(int wall, const std::string& words, std::int64_t post)
    {
        const auto found = find(wall, words);
        return std::binary_search(found.begin(), found.end(), post);
    }

    std::vector<copied> texts_of(const kind& k, int wall)
    {
        std::vector<copied> all;
        for (int t = 0; t < 6; ++t) {
            std::u32string text;
            for (std::size_t words = 2 + random() % (t < 5 ? 12 : 60); words > 0; --words) {
                text +=
                    k.words[random() % k.words.size()] + (random() % 9 == 0 ? U"\n" : k.between);
            }
            const auto id = post(wall, utf8(text));
            for (int p = 0; p < 4; ++p) {
                std::size_t from = p == 0 ? 0 : random() % text.size();
                std::size_t to = p == 0 ? text.size() : from + 1 + random() % (p == 1 ? 40 : 6);
                to = std::min(to, text.size());
                while (!may_be_cut(k, text, from)) {
                    --from;
                }
                while (!may_be_cut(k, text, to)) {
                    ++to;
                }
                const std::string piece = utf8(text.substr(from, to - from));
                if (piece.size() > 1000 || piece.find_first_not_of(" \n") == piece.npos) {
                    continue;
                }
                const auto other = decoy(k, text.substr(from, to - from), random);
                all.push_back({piece, utf8(text), id, other ? post(wall, utf8(*other)) : 0});
            }
        }
        return all;
    }

    void all_kinds()
    {
        int wall = 0;
        int decoys = 0;
        for (const auto& k : kinds()) {
            ++wall;
            const auto all = texts_of(k, wall);
            BOOST_TEST(all.size() > 15u, k.name);
            if (wall % 2 == 1) {
                // Newer posts: the index has to find the others.
                pg.sql(name, "insert into pollster.posts (wall_id, user_id, body) select " +
                                 std::to_string(wall) +
                                 ", 1, 'zz' || n from generate_series(1, 220) n");
            }
            for (const auto& c : all) {
                BOOST_TEST(finds(wall, c.piece, c.post),
                           k.name << ": " << c.piece << " in " << c.text);
                if (c.decoy != 0) {
                    ++decoys;
                    BOOST_TEST(!finds(wall, c.piece, c.decoy),
                               k.name << ", decoy: " << c.piece << " in " << c.text);
                }
            }
        }
        BOOST_TEST(decoys > 150);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(search_texts_, searched)

BOOST_AUTO_TEST_CASE(what_is_copied_from_a_post_finds_it_in_c_utf8)
{
    make("lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'");
    all_kinds();
}

BOOST_AUTO_TEST_CASE(what_is_copied_from_a_post_finds_it_in_c)
{
    make("lc_collate 'C' lc_ctype 'C'");
    all_kinds();
}

// Whose small letter of I has no dot.
BOOST_AUTO_TEST_CASE(what_is_copied_from_a_post_finds_it_in_turkish)
{
    make("locale_provider icu icu_locale 'tr-TR' lc_collate 'C' lc_ctype 'C'");
    all_kinds();
}

BOOST_AUTO_TEST_CASE(letters_are_the_same_as_people_take_them)
{
    make("lc_collate 'C' lc_ctype 'C'");
    const std::vector<std::pair<std::string, std::string>> same{
        {"Café", "cafe"},
        {"cafe", "CAFÉ"},
        {"Caf\u00e9", "Cafe\u0301"},
        {"Straße", "STRASSE"},
        {"STRASSE", "straße"},
        {"GROẞ", "groß"},
        {"Łódź", "lodz"},
        {"Søren", "soren"},
        {"cœur", "COEUR"},
        {"ΣΊΣΥΦΟΣ", "σισυφοσ"},
        {"ΣΊΣΥΦΟΣ", "σίσυφος"},
        {"İstanbul", "istanbul"},
        {"ISPARTA", "ısparta"},
        {"ёлка", "ЕЛКА"},
        {"МОЙ", "мой"},
        {"ＡＢＣ１２３", "abc123"},
        {"ｶﾞﾗｽ", "ガラス"},
        {"が", "か\u3099"},
        {"한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"},
        {"שָׁלוֹם", "שלום"},
        {"مَرْحَبًا", "مرحبا"},
        {"أهلا", "اهلا"},
        {"كتـــاب", "كتاب"},
        {"ﬁle", "file"},
        {"x² ™", "x2 tm"},
        {"don’t", "don't"},
        {"“so” – it…", "\"so\" - it..."},
        {"soft\u00adhyphen", "softhyphen"},
        {"a\u00a0b\u3000c\td", "\"a b c d\""},
        {"❤️", "❤"},
        {"हिन्दी", "हिन्दी"},
        {"नमस्ते दुनिया।", "दुनिया"},
    };
    int wall = 1;
    for (const auto& [text, words] : same) {
        const auto id = post(wall, "see " + text + " there");
        post(wall, "others");
        BOOST_TEST((find(wall, words) == std::vector{id}), words << " in " << text);
        ++wall;
    }
    // No accents, but letters of their own; and parts of words.
    for (const auto& [text, words] :
         std::vector<std::pair<std::string, std::string>>{{"мои", "мой"},
                                                          {"か", "が"},
                                                          {"error.login", "log"},
                                                          {"C", "C++"},
                                                          {"c+", "c++"},
                                                          {"कल", "काल"},
                                                          {"a && b", "a || b"},
                                                          {"x.y", "xy"},
                                                          {"10.1.2.34", "10.1.2.3"}}) {
        post(wall, text);
        BOOST_TEST(find(wall, words).empty(), words << " in " << text);
        ++wall;
    }
}

BOOST_AUTO_TEST_CASE(no_query_or_post_is_an_error)
{
    make("lc_collate 'C' lc_ctype 'C'");
    const std::string control{"\x01\x02\x7f"};
    const std::vector<std::string> odd{"\"",
                                       "\"\"",
                                       "-\"",
                                       "-\"\"",
                                       "- - -",
                                       "or",
                                       "or or or",
                                       "a or",
                                       "-a or -b",
                                       "\"a",
                                       "a\" \"b",
                                       "\\",
                                       "%_",
                                       "'':*&|!",
                                       "&#0;",
                                       control,
                                       "\u0301",
                                       "\u200b",
                                       "\ufdfa",
                                       "\U0010ffff",
                                       "\ue000",
                                       "[[:alpha:]]",
                                       "***=",
                                       "(?i)x",
                                       std::string(1000, 'a'),
                                       std::string(1000, '"'),
                                       std::string(1000, '-'),
                                       std::string(999, '(')};
    for (const auto& text : odd) {
        post(1, text);
        post(1, "x" + text + "y " + text);
    }
    std::string letters;
    for (int i = 0; i < 32; ++i) {
        letters += std::string(1, static_cast<char>('a' + i % 26)) + ' ';
    }
    for (const auto& text : odd) {
        for (const std::string& q :
             {text, "a " + text, '"' + text + '"', "a -" + text, text + " or " + text}) {
            page_of({walls::wall_id{1}, q.substr(0, 1000), {}, 50});
        }
    }
    BOOST_TEST(find(1, letters).empty());
    // Words longer than the index takes, signs without an end.
    for (const std::string& text : {std::string(60'000, 'w'), std::string(60'000, '#')}) {
        const auto id = post(2, text);
        BOOST_TEST(finds(2, text.substr(0, 1), id) == (text[0] == '#'));
    }
}

// Neither normal forms nor \\u are there.
BOOST_AUTO_TEST_CASE(another_encoding_searches_by_its_own_letters)
{
    for (const std::string encoding : {"LATIN1", "SQL_ASCII"}) {
        make("encoding '" + encoding + "' lc_collate 'C' lc_ctype 'C'");
        const auto id = post(1, "see https://example.com/a?b=1 Caf\u00e9 foo->bar()");
        for (const std::string q :
             {"https://example.com/a?b=1", "Caf\u00e9", "foo->bar()", "SEE"}) {
            BOOST_TEST(finds(1, q, id), encoding << ": " << q);
        }
        BOOST_TEST(find(1, "foo->baz").empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
