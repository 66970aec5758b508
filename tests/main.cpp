// The main function of every test program. A program is named in its reports as its file is.
#include <boost/test/unit_test.hpp>

#include <cerrno>

int main(int argc, char** argv)
{
    const auto named = [] {
        boost::unit_test::framework::master_test_suite().p_name.value =
            ::program_invocation_short_name;
        return true;
    };
    return boost::unit_test::unit_test_main(+named, argc, argv);
}
