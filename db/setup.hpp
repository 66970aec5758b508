// What has to be there before the schema: the roles, the database, the extension; and what they
// need to fit each other. One role owns the database and its schemas, the other one serves
// (migration rights_to_serve). For `pollster setup`, which knows as whom to ask. Blocking, never
// for a fiber. It uses libpq itself, which says why it was not let in (as SQLSTATE) where libpqxx
// has only a sentence in the server's language.
#pragma once

#include "db/setbacks.hpp"

#include <boost/system/result.hpp>

#include <memory>
#include <string>
#include <vector>

namespace db {

template <class T>
using attempt = boost::system::result<T, setback>;

enum class step { made, was_there, changed };

// A session of somebody who may make roles and databases, or finds out that they may not.
class founder {
public:
    // To be called as the account that PostgreSQL should see; the rest may be called as anybody.
    static attempt<std::unique_ptr<founder>> connect(const std::string& conninfo);

    virtual ~founder() = default;
    founder() = default;
    founder(const founder&) = delete;
    founder& operator=(const founder&) = delete;

    // As whom it is connected.
    virtual std::string user() const = 0;
    virtual std::string hba_file() = 0; // empty: not to be known to this user

    // Before there were two roles, the one that serves owned all of it. `changed`: it did, and has
    // the name `owner` from now on, with everything that it owns, was granted or is a member of;
    // its sessions go on. There is no role `serving` then. A role `owner` must not be there yet.
    virtual attempt<step> rename_owner(const std::string& serving, const std::string& owner,
                                       const std::string& database) = 0;
    // A role that may log in, without password. `changed`: it was there, but could not log in.
    virtual attempt<step> role(const std::string& name) = 0;
    // In UTF-8, whatever the cluster's default is, and closed to temporary objects of others: a
    // function of the role that serves could see the rows that a view hides (docs/SECURITY.md).
    // `changed`: it belonged to `serving`.
    virtual attempt<step> database(const std::string& name, const std::string& owner,
                                   const std::string& serving) = 0;

    // In the database of this session.
    virtual attempt<step> extension(const std::string& name) = 0;
    // The role may make schemas here (the owner may).
    virtual attempt<step> right_to_create(const std::string& role) = 0;
    // A schema that was made by somebody else, and that the role may not use at all, is given to
    // it, with everything in it; also what belongs to `serving`.
    virtual attempt<step> schema_owner(const std::string& role, const std::string& serving) = 0;
};

// What a database administrator has to run where this program has no right to, line by line, from
// the first part that is missing on. `serving` may be the owner itself.
enum class missing { role, database, right, extension };
std::vector<std::string> founding_sql(const std::string& owner, const std::string& serving,
                                      const std::string& database, bool with_password,
                                      missing from);

} // namespace db
