# Read before all other makefiles by every bmake of a run: its recipes go through the shell in @RUN@, the run directory. A
# makefile that names a shell of its own comes later and has it: those recipes are not seen. What brought us here is
# taken out of the variables in which makefiles could find it; only the list of what was read is new.
.SHELL: name=sh path=@RUN@/bmake/sh
.MAKE.MAKEFILES:=${.MAKE.MAKEFILES:N@RUN@/bmake/first.mk}
.MAKEFLAGS:=${.MAKEFLAGS:S| -T @RUN@/bmake/trace||W}
DISTMAKE_MAKEFILES=${.MAKE.MAKEFILES}
.export DISTMAKE_MAKEFILES
