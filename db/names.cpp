#include "db/names.hpp"

#include "text/utf8.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>
#include <unicode/uversion.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace db {

namespace {

using icu::UnicodeString;

UnicodeString unicode(std::string_view text)
{
    return UnicodeString::fromUTF8(
        icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

std::string utf8(const UnicodeString& text)
{
    std::string out;
    return text.toUTF8String(out);
}

void check(UErrorCode error)
{
    if (U_FAILURE(error)) {
        throw std::runtime_error(std::string("ICU: ") + u_errorName(error));
    }
}

using instance = const icu::Normalizer2* (*)(UErrorCode&);

UnicodeString normal(const UnicodeString& text, instance form)
{
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* normalizer = form(error);
    check(error);
    UnicodeString out = normalizer->normalize(text, error);
    check(error);
    return out;
}

// fromUTF8 puts U+FFFD for what is no UTF-8: such bytes stay as they are.
std::string normal(std::string_view name, instance form)
{
    return text::is_utf8(name) ? utf8(normal(unicode(name), form)) : std::string(name);
}

// "U+202E RIGHT-TO-LEFT OVERRIDE"
std::string called(UChar32 c)
{
    char number[16];
    std::snprintf(number, sizeof number, "U+%04X", static_cast<unsigned>(c));
    char words[128];
    UErrorCode error = U_ZERO_ERROR;
    const auto length = u_charName(c, U_EXTENDED_CHAR_NAME, words, sizeof words, &error);
    return length > 0 && U_SUCCESS(error) && words[0] != '<' ? number + (" " + std::string(words))
                                                             : number;
}

bool is_mark(UChar32 c)
{
    return (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_MC_MASK)) != 0;
}

// Nothing is seen of it, although Unicode calls some a symbol or a letter.
bool is_invisible(UChar32 c)
{
    constexpr UChar32 braille_blank = 0x2800;
    constexpr UChar32 null_notehead = 0x1d159;
    return u_charType(c) == U_FORMAT_CHAR ||
           u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || c == braille_blank ||
           c == null_notehead;
}

bool is_space(UChar32 c)
{
    return (U_GET_GC_MASK(c) & U_GC_Z_MASK) != 0;
}

// None: it may stand anywhere in a name.
std::optional<std::string> fault_of(UChar32 c)
{
    if (u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL)) {
        return "has " + called(c) + ", which changes the direction of the text around it.";
    }
    switch (u_charType(c)) {
    case U_CONTROL_CHAR:
        return "has the control character " + called(c) + ".";
    case U_PRIVATE_USE_CHAR:
        return "has " + called(c) + ", a private character that looks different everywhere.";
    case U_SURROGATE:
    case U_UNASSIGNED:
        return "has " + called(c) + ", which is no character of Unicode " U_UNICODE_VERSION ".";
    default:
        break;
    }
    if (is_invisible(c)) {
        return "has " + called(c) + ", which cannot be seen.";
    }
    if (is_space(c) && c != ' ') {
        return "has " + called(c) + "; the only space in a name is U+0020.";
    }
    if (c == 0xfffc || c == 0xfffd) {
        return "has " + called(c) + ", which stands for something that was lost.";
    }
    return std::nullopt;
}

} // namespace

std::string composed(std::string_view name)
{
    return normal(name, icu::Normalizer2::getNFCInstance);
}

std::array<std::string, 3> spellings(std::string_view name)
{
    return {std::string(name), composed(name), normal(name, icu::Normalizer2::getNFDInstance)};
}

std::optional<std::string> fault_in_name(std::string_view name)
{
    constexpr int most_marks = 4; // on one letter: UTS #39, section 5.4
    const UnicodeString text = unicode(name);
    UChar32 before = ' ';
    int marks = 0;
    for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
        const UChar32 c = text.char32At(at);
        if (auto fault = fault_of(c)) {
            return fault;
        }
        if (c == ' ' && before == ' ') {
            return at == 0 ? "begins with a space." : "has two spaces, one after the other.";
        }
        marks = is_mark(c) ? marks + 1 : 0;
        if (marks > 0 && before == ' ') {
            return "has " + called(c) + ", which belongs on a letter, without one before it.";
        }
        if (marks > most_marks) {
            return "has " + called(c) + " as the fifth mark on one letter.";
        }
        before = c;
    }
    if (before == ' ') {
        return text.isEmpty() ? "is empty." : "ends with a space.";
    }
    return std::nullopt;
}

std::string shown(std::string_view name)
{
    const UnicodeString text = unicode(name);
    UnicodeString out;
    for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
        const UChar32 c = text.char32At(at);
        if (fault_of(c)) {
            char number[16];
            std::snprintf(number, sizeof number, "<U+%04X>", static_cast<unsigned>(c));
            out.append(UnicodeString::fromUTF8(number));
        } else {
            out.append(c);
        }
    }
    return utf8(out);
}

std::string look_of(std::string_view name)
{
    const UnicodeString text = normal(unicode(name), icu::Normalizer2::getNFKCInstance);
    UnicodeString seen;
    for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
        const UChar32 c = text.char32At(at);
        if (is_space(c)) {
            if (!seen.isEmpty() && !seen.endsWith(u' ')) {
                seen.append(u' ');
            }
        } else if (!is_invisible(c) && u_charType(c) != U_CONTROL_CHAR) {
            seen.append(c);
        }
    }
    seen.trim();
    struct close {
        void operator()(USpoofChecker* checker) const { uspoof_close(checker); }
    };
    UErrorCode error = U_ZERO_ERROR;
    thread_local const std::unique_ptr<USpoofChecker, close> checker(uspoof_open(&error));
    check(error);
    UnicodeString skeleton;
    uspoof_getSkeletonUnicodeString(checker.get(), 0, seen, skeleton, &error);
    check(error);
    return utf8(skeleton);
}

} // namespace db
