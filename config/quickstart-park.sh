#!/bin/sh
# Writes the files of the quickstart's park into a folder: register, scenario of the simulated
# meters, configuration, output values, benchmarks. Everything is made up.
set -eu
run=$1

year=$(date +%Y)
first_of_month=$(date +%Y-%m-01)
date -d "$((year - 1))-12-01" +%F >"$run/history-from"
# the last complete month, which the history covers
date -d "$first_of_month -1 month" +%Y-%m >"$run/period"
stopped_since=$(date -d '21 days ago' +%F)

awk -v run="$run" -v period="$(cat "$run/period")" -v stopped="$stopped_since" '
BEGIN {
    split("C17 C17 C31 C33 C34 C29", division, " ")
    split("C1713 C1751 C3130 C3311 C3484 C2929", industry, " ")
    split("1.1 1.1 2.4 0.9 0.6 0.8", benchmark, " ")
    split("eastron-sdm630 chint-dtsu666 acrel-adl400", profile, " ")
    split("1 20 40", ct, " ")
    split("continuous two_shift day", shape, " ")
    split("18.2 11.9 9.6", hours, " ") # of rated power that a day of the shape is worth
    split("0.45 0.7 1.0 1.5 2.4", efficiency, " ")
    split("杜桥 滨海 周巷 观海卫", town, " ")
    split("甲 乙 丙 丁 戊 己 庚 辛 壬 癸 子 丑 寅 卯 辰 巳 午 未 申 酉 戌 亥 天 地", name, " ")
    split("纺织厂 印染厂 钢铁厂 金属制品厂 机械厂 塑料厂", trade, " ")

    enterprises = run "/enterprises.csv"; meters = run "/meters.csv"; scenario = run "/scenario.csv"
    lists = run "/lists.csv"; groups = run "/groups.csv"; output = run "/output.csv"
    use = run "/energy-use.csv"
    print "id,name,size_class,industry,region,town,park" > enterprises
    print "id,enterprise,name,endpoint,address,profile,ct,role,interval" > meters
    print "id,load_kw,shape,start_kwh,seed,change_day,change_percent,fault,value" > scenario
    print "list,enterprise,role" > lists
    print "kind,id,name,name_en" > groups
    print "enterprise,period,output_value_wan,value_added_wan" > output
    print "enterprise,period,carrier,quantity,unit" > use
    for (t = 1; t <= 4; t++) printf "town,33028210%d,%s镇,Town %d\n", t, town[t], t > groups
    print "park,north,北区,North park" > groups
    print "park,south,南区,South park" > groups
    print "list,backbone,骨干企业,Backbone firms" > groups

    m = 0
    for (e = 1; e <= 24; e++) {
        k = (e - 1) % 6 + 1
        id = sprintf("E%02d", e)
        printf "%s,%s%s,%s,%s,330282,33028210%d,%s\n", id, name[e], trade[k],
            e % 3 == 0 ? "below" : "above", industry[k], (e - 1) % 4 + 1,
            e % 2 ? "north" : "south" > enterprises
        if (e % 4 == 1) print "backbone," id "," (e == 1 ? "lead" : "tier1") > lists
        kwh = 0
        n = e <= 16 ? 2 : 1
        for (i = 1; i <= n; i++) {
            m++
            p = (m - 1) % 3 + 1
            s = (e - 1) % 3 + 1
            load = 60 + (e * 37 + i * 11) % 240
            kwh += load * hours[s] * 30
            # five meters behind each gateway
            printf "M%03d,%s,%s%s%d号表,modbus+tcp://127.0.0.1:%d,%d,%s,%s,supply,5s\n", m, id, name[e],
                trade[k], i, 15020 + int((m - 1) / 5), (m - 1) % 5 + 1, profile[p], ct[p] > meters
            fault = ""; value = ""; change = ""; percent = ""
            if (m == 17) fault = "mute"
            if (m == 23) { fault = "exception"; value = 4 }
            if (e == 7) { change = stopped; percent = 1 }
            if (e == 10) { change = stopped; percent = 45 }
            if (e == 15) { change = stopped; percent = 22 }
            if (e % 5 == 0 && e != 10 && e != 15) { change = stopped; percent = 115 }
            printf "M%03d,%d,%s,%d,%d,%s,%s,%s,%s\n", m, load, shape[s], 1200 + m * 317, m, change,
                percent, fault, value > scenario
        }
        tonnes = kwh * 0.4974 / 1000
        va = tonnes / (benchmark[k] * efficiency[(e - 1) % 5 + 1])
        # one firm has not sent its figures yet: it is not rated, and never the worst grade
        if (e != 20) printf "%s,%s,%.2f,%.2f\n", id, period, va * 3.4, va > output
        if (k == 3) printf "%s,%s,natural_gas,%d,m3\n", id, period, 1000 + e * 50 > use
    }
    system("mkdir -p " run "/benchmarks")
    bench = run "/benchmarks/quickstart.csv"
    print "industry,region,period,t_per_1e4cny,source" > bench
    for (k = 2; k <= 6; k++) printf "%s,CN,%d,%s,made up for the quickstart\n", division[k],
        substr(period, 1, 4) - 1, benchmark[k] > bench
}'

cat >"$run/ecmond.yaml.in" <<CONF
site:
  id: quickstart
  name: 示范园区
  region: "330282"
store:
  path: ecmon.db
collect:
  interval: 5s
  timeout: 500ms
control:
  socket: ecmond.sock
mqtt:
  url: mqtt://127.0.0.1:@BROKER_PORT@
