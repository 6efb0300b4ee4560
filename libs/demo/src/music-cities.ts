/** Cities that are known for their music, the best known first: country, first-order division and name as GeoNames has them. */
export const musicCities = `
FR.11 Paris; DE.16 Berlin; GB.ENG London; US.NY New York City; US.IL Chicago; JP.40 Tokyo; US.CA Los Angeles; CA.08 Toronto;
AU.07 Melbourne; NL.07 Amsterdam; US.TX Austin; US.TN Nashville; BR.27 São Paulo; MX.09 Mexico City; ES.56 Barcelona;
GB.ENG Manchester; AU.02 Sydney; US.CA San Francisco; US.WA Seattle; ES.29 Madrid; SE.26 Stockholm; GB.SCT Glasgow;
AR.07 Buenos Aires; KR.11 Seoul; CA.10 Montréal; DE.04 Hamburg; US.PA Philadelphia; US.MA Boston; US.CO Denver; US.OR Portland;
US.GA Atlanta; US.DC Washington; BE.BRU Brussels; DK.17 Copenhagen; AT.09 Vienna; IE.L Dublin; IT.09 Milan; PL.78 Warsaw;
DE.02 Munich; DE.07 Köln; CZ.52 Prague; NO.12 Oslo; FI.01 Helsinki; HU.05 Budapest; PT.14 Lisbon; US.NY Brooklyn; US.MI Detroit;
US.LA New Orleans; US.MN Minneapolis; US.CA San Diego; US.TX Dallas; US.TX Houston; US.NV Las Vegas; US.OH Cleveland; US.TN Memphis;
CA.02 Vancouver; CL.12 Santiago; CO.34 Bogotá; BR.21 Rio de Janeiro; TR.34 Istanbul; CH.ZH Zürich; IT.07 Rome; FR.84 Lyon;
JP.32 Osaka; IN.16 Mumbai; NG.05 Lagos; ZA.06 Johannesburg; ZA.11 Cape Town; IS.39 Reykjavík; GB.ENG Birmingham; GB.ENG Liverpool;
GB.ENG Leeds; GB.ENG Bristol; GB.SCT Edinburgh; GB.NIR Belfast; GB.ENG Brighton; NL.11 Rotterdam; NL.09 Utrecht; BE.VLG Antwerp;
BE.VLG Gent; DE.13 Leipzig; DE.05 Frankfurt am Main; DE.01 Stuttgart; FR.93 Marseille; FR.76 Toulouse; FR.52 Nantes; FR.32 Lille;
FR.75 Bordeaux; ES.60 Valencia; ES.59 Bilbao; PT.17 Porto; IT.05 Bologna; IT.12 Turin; PL.77 Kraków; GR.ESYE31 Athens;
RO.10 Bucharest; RS.SE Belgrade; HR.21 Zagreb; SE.28 Gothenburg; SE.27 Malmö; EE.01 Tallinn; LV.25 Riga; LT.65 Vilnius; UA.12 Kyiv;
IL.05 Tel Aviv; EG.11 Cairo; MA.06 Casablanca; KE.05 Nairobi; GH.01 Accra; SN.01 Dakar; AU.04 Brisbane; AU.08 Perth; AU.05 Adelaide;
NZ.E7 Auckland; NZ.G2 Wellington; JP.01 Nagoya; JP.07 Fukuoka; JP.12 Sapporo; TW.04 Taipei; HK. Hong Kong; CN.23 Shanghai;
CN.22 Beijing; SG. Singapore; TH.40 Bangkok; ID.04 Jakarta; PH.NCR Manila; MY.14 Kuala Lumpur; VN.79 Ho Chi Minh City;
IN.19 Bengaluru; IN.07 Delhi; AE.03 Dubai; PE.LMA Lima; UY.10 Montevideo; CR.08 San José; CU.02 Havana; JM.17 Kingston;
PR.127 San Juan; MX.14 Guadalajara; MX.19 Monterrey; BR.23 Porto Alegre; BR.15 Belo Horizonte; EC.18 Quito; CA.01 Calgary;
CA.08 Ottawa; CA.10 Québec; US.PA Pittsburgh; US.MO St. Louis; US.MO Kansas City; US.WI Milwaukee; US.AZ Phoenix;
US.UT Salt Lake City; US.FL Miami; US.FL Orlando; US.NC Charlotte; US.OH Columbus; US.OH Cincinnati; US.MD Baltimore; US.VA Richmond;
US.NC Raleigh; US.NC Asheville; US.GA Athens; US.NE Omaha; US.AZ Tucson; US.ID Boise; US.HI Honolulu; US.AK Anchorage; US.CA Oakland;
US.CA Sacramento; US.KY Louisville; US.IN Indianapolis; US.NY Buffalo; US.RI Providence; US.VT Burlington; SK.02 Bratislava;
SI.61 Ljubljana; BG.42 Sofia; CH.BS Basel; CH.VD Lausanne; LU.LU Luxembourg; AT.06 Graz; FR.53 Rennes; FR.44 Strasbourg;
FR.76 Montpellier; GB.ENG Sheffield; GB.ENG Newcastle upon Tyne; GB.ENG Nottingham; GB.WLS Cardiff; IE.M Cork; NO.46 Bergen;
DK.18 Århus; FI.06 Tampere; FJ.01 Suva; NZ.E9 Christchurch
`
  .split(';')
  .map((city) => city.trim());
