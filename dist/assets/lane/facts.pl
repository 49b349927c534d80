# What the host says of itself: how many processors it has, and how busy it is.
sub processors {
    my $count = 0;
    if (open my $online, '<', '/sys/devices/system/cpu/online') {    # 0-3,8
        for (split /,/, <$online> // '') { $count += defined $2 ? $2 - $1 + 1 : 1 if /^(\d+)(?:-(\d+))?$/ }
    } else {
        no warnings 'exec';
        $count = <$online> // 0 if open $online, '-|', 'getconf', '_NPROCESSORS_ONLN';
    }
    return $count =~ /^([1-9]\d{0,4})$/ ? $1 : 1;
}

# Kept open: it is asked for after each job.
open my $loadavg, '<', '/proc/loadavg';

# The load averages of the last 1, 5 and 15 minutes.
sub load {
    return '-' unless $loadavg && sysseek($loadavg, 0, 0) && sysread $loadavg, my $text, 64;
    return $text =~ /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) / ? "$1,$2,$3" : '-';
}
