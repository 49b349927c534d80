/** A small C project; `calc` prints `word 5 6`. The sub-directory's headers are found by a relative path. */
export function cProject(word = 'ok'): Record<string, string> {
  return {
    Makefile: `CFLAGS = -O1 -Wall -Iinclude
OBJECTS = main.o lib/add.o lib/mul.o lib/text.o
calc: $(OBJECTS)
	$(CC) -o $@ $(OBJECTS)
%.o: %.c
	@echo "begin $@"
	$(CC) $(CFLAGS) -MMD -c -o $@ $<
	@echo "end $@"
-include $(OBJECTS:.o=.d)
`,
    'include/calc.h': 'int add(int, int);\nint mul(int, int);\nconst char *text(void);\n',
    'main.c': `#include <stdio.h>
#include "calc.h"
int main(void) { return printf("%s %d %d\\n", text(), add(2, 3), mul(2, 3)) < 0; }
`,
    'lib/add.c': '#include "calc.h"\nint add(int a, int b) { return a + b; }\n',
    'lib/mul.c': '#include "calc.h"\nint mul(int a, int b) { return a * b; }\n',
    'lib/text.c': `#include "calc.h"\nconst char *text(void) { return "${word}"; }\n`,
  };
}

/** Its objects. */
export const OBJECTS = ['lib/add.o', 'lib/mul.o', 'lib/text.o', 'main.o'];
