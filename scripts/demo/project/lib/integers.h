#ifndef INTEGERS_H
#define INTEGERS_H

/* Whole numbers in doubles; NAN where the arguments are none. */
double integer_gcd(double a, double b);
double integer_choose(double n, double k);
double integer_is_prime(double n);
#endif
