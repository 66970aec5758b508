// pollster setup: roles, database, extension, schema, the first user and wall
#include "db/setup.hpp"
#include "db/conninfo.hpp"
#include "fcgi_app/cli/account.hpp"
#include "fcgi_app/cli/administration.hpp"
#include "fcgi_app/cli/first_user.hpp"

#include <unistd.h>

#include <optional>

namespace pollster::cli {

namespace {

constexpr const char* superuser = "postgres"; // the account and the role, in every package

// What there is to make, and as whom.
struct plan {
    std::string owner;
    std::string serving; // the role; the owner itself, if the settings name no other
    std::string database;
    std::string conninfo; // of the owner: as the settings say
    bool as_superuser = false;
    std::string hba_file{};         // if it is known
    std::optional<account> becomes; // root: the owner's account, which makes the schema
    std::optional<account> serves;  // root: the account of the unit
};

plan plan_of(const config& settings)
{
    const std::string conninfo = db::as_owner(settings.database).database;
    plan p;
    p.conninfo = conninfo;
    const auto postgres = account_named(superuser);
    p.as_superuser =
        by_account(conninfo) && (is_root() || (postgres && postgres->uid == ::geteuid()));
    p.owner = p.as_superuser ? settings.account_owner : db::said_of("user", conninfo);
    p.serving = p.as_superuser && by_account(settings.database.database)
                    ? settings.account
                    : db::said_of("user", settings.database.database);
    p.database = db::said_of("dbname", conninfo);
    if (p.database.empty()) {
        p.database = p.serving; // as libpq does for the server
    }
    return p;
}

// One line: what is wrong, and what to do about it.
std::string told(const plan& p, const std::string& role, const db::setback& s)
{
    switch (s.kind) {
    case db::obstacle::away:
        return "PostgreSQL does not answer (is it installed and started? apt install postgresql; "
               "systemctl start postgresql; a server elsewhere is named by `database`): " +
               s.sentence;
    case db::obstacle::not_let_in:
        if (by_account(p.conninfo)) {
            return "PostgreSQL does not take this account for the role \"" + role +
                   "\": put the line `local all " + role + " peer` first into " +
                   (p.hba_file.empty() ? "pg_hba.conf" : p.hba_file) +
                   " and run `systemctl reload postgresql`: " + s.sentence;
        }
        return "PostgreSQL does not let \"" + role +
               "\" in; check the password and pg_hba.conf: " + s.sentence;
    default:
        return s.sentence;
    }
}

// Where the credentials of the settings do not suffice.
int ask_for_administrator(const invocation& call, const plan& p, const db::setback& s,
                          db::missing from)
{
    call.with.out << "-- To be run in psql by an administrator of the database; then "
                     "`pollster setup` again:\n";
    const bool local = by_account(p.conninfo);
    for (const auto& line : db::founding_sql(p.owner, p.serving, p.database, !local, from)) {
        call.with.out << line << '\n';
    }
    return complain(call.with.err,
                    (local ? "what is missing is made by root (sudo pollster setup), or by the SQL "
                             "above: "
                     : s.kind == db::obstacle::not_let_in
                         ? "the password is wrong, or an administrator of the database has to run "
                           "the SQL above first: "
                         : "an administrator of the database has to run the SQL above first: ") +
                        s.sentence);
}

db::attempt<std::unique_ptr<db::founder>> connect(const plan& p, const std::string& database)
{
    const auto conninfo = db::with_keyword(p.conninfo, "dbname", database);
    if (!p.as_superuser) {
        return db::founder::connect(conninfo);
    }
    std::optional<acting_as> as;
    if (is_root()) {
        as.emplace(*account_named(superuser)); // was there a moment ago
    }
    return db::founder::connect(db::with_keyword(conninfo, "user", superuser));
}

int make_role(const invocation& call, const plan& p, db::founder& as, const std::string& role)
{
    const auto made = as.role(role);
    if (!made) {
        return complain(call.with.err, told(p, role, made.error()));
    }
    tell(call, "role " + in_quotes(role), *made, "made", "may log in now");
    return done;
}

int make_roles_and_database(const invocation& call, plan& p)
{
    auto session = connect(p, superuser); // its own database, too
    if (!session) {
        return complain(call.with.err, told(p, superuser, session.error()));
    }
    db::founder& as = **session;
    p.hba_file = as.hba_file();
    const auto renamed = as.rename_owner(p.serving, p.owner, p.database);
    if (!renamed) {
        return complain(call.with.err, told(p, p.owner, renamed.error()));
    }
    if (*renamed == db::step::changed) {
        call.with.out << db::shown("role " + in_quotes(p.serving)) << ": owned what it served, its "
                      << "name is " << db::shown(in_quotes(p.owner)) << " now" << std::endl;
    }
    if (const int wrong = make_role(call, p, as, p.owner)) {
        return wrong;
    }
    if (p.serving != p.owner) {
        if (const int wrong = make_role(call, p, as, p.serving)) {
            return wrong;
        }
    }
    const auto database = as.database(p.database, p.owner, p.serving);
    if (!database) {
        return complain(call.with.err, told(p, p.owner, database.error()));
    }
    tell(call, "database " + in_quotes(p.database), *database, "made",
         "belongs to " + in_quotes(p.owner) + " now");
    return done;
}

// With the credentials of the settings: an administrator may have made both already.
int find_role_and_database(const invocation& call, const plan& p)
{
    auto session = connect(p, p.database);
    if (session) {
        tell(call, "role " + in_quotes((*session)->user()), db::step::was_there);
        tell(call, "database " + in_quotes(p.database), db::step::was_there);
        return done;
    }
    auto why = session.error();
    auto from = db::missing::role;
    if (why.kind == db::obstacle::no_such_database) {
        if (auto elsewhere = connect(p, superuser)) {
            tell(call, "role " + in_quotes((*elsewhere)->user()), db::step::was_there);
            from = db::missing::database;
            const auto database = (*elsewhere)->database(p.database, p.owner, p.owner);
            if (database) {
                tell(call, "database " + in_quotes(p.database), *database);
                return done;
            }
            why = database.error();
        }
    }
    if (why.kind == db::obstacle::away || why.kind == db::obstacle::other) {
        return complain(call.with.err, told(p, p.owner, why));
    }
    return ask_for_administrator(call, p, why, from);
}

int prepare_database(const invocation& call, const plan& p)
{
    auto session = connect(p, p.database);
    if (!session) {
        return complain(call.with.err, told(p, p.owner, session.error()));
    }
    const auto right = (*session)->right_to_create(p.owner);
    if (!right) {
        if (right.error().kind == db::obstacle::no_right) {
            return ask_for_administrator(call, p, right.error(), db::missing::right);
        }
        return complain(call.with.err, told(p, p.owner, right.error()));
    }
    tell(call, "right of " + in_quotes(p.owner) + " to make schemas", *right, "granted");
    const auto extension = (*session)->extension("pgcrypto");
    if (!extension) {
        if (extension.error().kind == db::obstacle::no_right) {
            return ask_for_administrator(call, p, extension.error(), db::missing::extension);
        }
        return complain(call.with.err,
                        "the extension pgcrypto cannot be made (Debian has it in the package "
                        "postgresql, others in postgresql-contrib): " +
                            extension.error().sentence);
    }
    tell(call, "extension pgcrypto", *extension);
    const auto owner = (*session)->schema_owner(p.owner, p.serving);
    if (!owner) {
        return complain(call.with.err, "the schema pollster belongs to another role, which has to "
                                       "give it to " +
                                           in_quotes(p.owner) + ": " + owner.error().sentence);
    }
    if (*owner == db::step::changed) {
        tell(call, "schema pollster", *owner, {},
             "belonged to another role, belongs to " + in_quotes(p.owner) + " now");
    }
    return done;
}

// As the owner, which shows that PostgreSQL lets its account in.
int make_schema(const invocation& call, const plan& p, const db::settings& as_owner)
{
    if (p.becomes) {
        if (const auto let_in = db::founder::connect(as_owner.database); !let_in) {
            return complain(call.with.err, told(p, p.owner, let_in.error()));
        }
    }
    auto patient = as_owner;
    patient.statement_timeout = std::chrono::hours(24); // a migration takes what it takes
    const auto migrated = call.with.migrate(
        patient, [&](const std::string& line) { call.with.out << "  " << line << std::endl; });
    if (!migrated) {
        return complain(call.with.err, migrated.error().sentence);
    }
    tell(call, "schema, version " + std::to_string(migrated->to),
         migrated->from == migrated->to ? db::step::was_there : db::step::made);
    return done;
}

// Will the server be let in?
int try_to_serve(const invocation& call, const plan& p, const config& settings)
{
    const acting_as as(*p.serves);
    const auto let_in = db::founder::connect(settings.database.database);
    return let_in ? int{done} : complain(call.with.err, told(p, p.serving, let_in.error()));
}

int setup(const invocation& call)
{
    if (call.options.count("wall") > call.options.count("admin")) {
        return complain(call.with.err, "--wall needs --admin NAME, who may see the wall", misused);
    }
    plan p = plan_of(call.settings);
    auto as_owner = call.settings.database;
    as_owner.database = p.conninfo;
    as_owner.database_owner.clear();
    as_owner.serving_role = p.serving == p.owner ? std::string() : p.serving;
    if (p.as_superuser && is_root()) {
        p.becomes = account_named(p.owner);
        if (!p.becomes) {
            return complain(call.with.err, no_account(p.owner, "account_owner"));
        }
        if (by_account(call.settings.database.database)) {
            p.serves = account_named(p.serving);
            if (!p.serves) {
                return complain(call.with.err, no_account(p.serving, "account"));
            }
        }
        if (!account_named(superuser)) {
            return complain(call.with.err,
                            "there is no account postgres, so no PostgreSQL on this host: apt "
                            "install postgresql, or name a server elsewhere by `database`");
        }
    } else if (p.as_superuser) { // the superuser may act as any role, but not be the account
        as_owner.database = db::with_keyword(db::with_keyword(p.conninfo, "user", superuser),
                                             "options", "-c role=" + p.owner);
    }
    if (const int wrong =
            p.as_superuser ? make_roles_and_database(call, p) : find_role_and_database(call, p)) {
        return wrong;
    }
    if (const int wrong = prepare_database(call, p)) {
        return wrong;
    }
    if (p.as_superuser) { // without a database name, libpq takes the role's
        as_owner.database = db::with_keyword(as_owner.database, "dbname", p.database);
    }
    {
        std::optional<acting_as> as;
        if (p.becomes) {
            as.emplace(*p.becomes);
        }
        if (const int wrong = make_schema(call, p, as_owner)) {
            return wrong;
        }
        if (call.options.count("admin") != 0) {
            if (const int wrong = add_first_user(call, as_owner)) {
                return wrong;
            }
        }
    }
    return p.serves ? try_to_serve(call, p, call.settings) : int{done};
}

} // namespace

void add_setup_commands(std::vector<command>& table)
{
    table.push_back(
        {"setup",
         "",
         "make roles, database, extension and schema",
         "Safe to repeat: it says of each whether it was there. As root, with a database on this "
         "host, it asks PostgreSQL as the account postgres, and makes two roles: that of the "
         "unit's account, which may only serve, and that of account_owner, which owns the "
         "database. Otherwise it works with what `database_owner` or `database` says, and prints "
         "the SQL for which it lacks the right.",
         0,
         0,
         {"admin", "wall", "password-stdin"},
         setup,
         acts_as::itself});
}

} // namespace pollster::cli
