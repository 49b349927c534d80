#include "integers.h"
#include <math.h>

static int whole(double x)
{
    return x == floor(x) && fabs(x) < 9e15;
}

double integer_gcd(double a, double b)
{
    if (!whole(a) || !whole(b))
        return NAN;
    while (b != 0) {
        double rest = fmod(a, b);
        a = b;
        b = rest;
    }
    return fabs(a);
}

double integer_choose(double n, double k)
{
    double result = 1;
    double i;

    if (!whole(n) || !whole(k) || k < 0 || k > n)
        return NAN;
    if (k > n - k)
        k = n - k;
    for (i = 1; i <= k; i++)
        result = result * (n - k + i) / i;
    return result;
}

double integer_is_prime(double n)
{
    double i;

    if (!whole(n))
        return NAN;
    if (n < 2)
        return 0;
    for (i = 2; i * i <= n; i++)
        if (fmod(n, i) == 0)
            return 0;
    return 1;
}
