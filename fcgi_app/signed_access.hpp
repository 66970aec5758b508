// Who a token stands for: what looks like a signed one is judged here, by keys, and what it names
// is asked for in the database; other tokens are those of sessions there. No token is a guest's:
// of guests the database is asked by name.
//
// Nothing is remembered here: walls::access_cache does, so that a token is verified once while its
// owner goes on asking. Bad tokens are not remembered, and each costs what its verification costs
// (30 to 150 us): the limits on requests by address come before it. Thread of the event loop only.
#pragma once

#include "db/sessions.hpp"
#include "signed_tokens/rules.hpp"
#include "walls/sources.hpp"

namespace pollster {

class signed_access final : public walls::access_source {
public:
    signed_access(db::sessions& stored, signed_tokens::rules r);

    // From the next question on. False: it is what it was.
    bool change(signed_tokens::rules r);

    walls::result<std::vector<walls::identity_ptr>>
    find_identities(std::span<const std::string> tokens) override;
    walls::result<walls::identity_ptr> find_guest() override { return stored_.find_guest(); }

private:
    struct question; // about one of the tokens
    static std::optional<question> judge(const std::string& token, std::size_t place,
                                         const signed_tokens::rules& by);

    db::sessions& stored_;
    signed_tokens::rules rules_;
};

} // namespace pollster
