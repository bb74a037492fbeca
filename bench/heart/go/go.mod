module bench_heart_go

go 1.19
