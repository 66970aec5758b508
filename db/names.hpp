// Which names users and walls may have, and which names readers would confuse. Names added with the
// command line follow these rules; names in an application's own tables need not. Any thread; keeps
// no state. Unicode comes from ICU: normal forms (UAX #15) and "skeletons" of names that look alike
// (UTS #39, section 4); the rules are close to RFC 8266 (nicknames).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace db {

// With each accent and its letter as one character (NFC), which is how names are stored. Bytes that
// are not UTF-8 are returned as they are.
std::string composed(std::string_view name);

// How a keyboard or another system may have written the name: as given, NFC, NFD. They look the
// same on every screen.
std::array<std::string, 3> spellings(std::string_view name);

// Why this is not allowed as a name, as the end of "The name of a wall …": "has U+202E
// RIGHT-TO-LEFT OVERRIDE, which …". None: it is allowed. `name` is valid UTF-8, composed.
std::optional<std::string> fault_in_name(std::string_view name);

// For a terminal or a sentence: characters that are not allowed in a name are written as <U+202E>.
std::string shown(std::string_view name);

// The same for two names that a reader cannot tell apart: they differ in letters of other scripts
// that look alike, compatibility forms (full-width, mathematical), invisible characters or kinds of
// spaces. Only for comparing: it is not a name, and differs between versions of Unicode.
std::string look_of(std::string_view name);

} // namespace db
