// Preloaded into a program that a test without root starts: it takes itself for the account with
// the number in PRETENDED_EUID, and may become another one, as root may. What it is really
// allowed does not change.
#include <cstdlib>
#include <grp.h>
#include <unistd.h>

namespace {

uid_t& pretended()
{
    static uid_t uid = [] {
        const char* given = std::getenv("PRETENDED_EUID");
        return static_cast<uid_t>(given == nullptr ? 0 : std::strtoul(given, nullptr, 10));
    }();
    return uid;
}

} // namespace

// In place of those of the C library.
extern "C" {

uid_t geteuid() noexcept
{
    return pretended();
}
int seteuid(uid_t uid) noexcept
{
    pretended() = uid;
    return 0;
}
int setuid(uid_t uid) noexcept
{
    return seteuid(uid);
}
int setegid(gid_t) noexcept
{
    return 0;
}
int setgid(gid_t) noexcept
{
    return 0;
}
int setgroups(size_t, const gid_t*) noexcept
{
    return 0;
}
int initgroups(const char*, gid_t)
{
    return 0;
}

} // extern "C"
