"""Which emoji make good picture cards for children, and better names where the catalogue's are clumsy.

Subgroup numbers are those of emojibase (``meta/groups.json``); labels are its English labels.
"""


def _labels(text: str) -> set[str]:
    return {label.strip() for line in text.splitlines() for label in line.split("|") if label.strip()}


WHOLE_SUBGROUPS = {
    *(34, 35, 36, 37, 38, 39, 40, 41),  # animals and plants
    *(42, 43, 44, 45, 46, 47, 48),  # food and drink
    *(49, 50, 51, 53, 54, 55, 56, 59),  # places, vehicles, sky and weather
    *(60, 62, 63, 64, 65, 68, 81),  # feasts, sports, games, crafts, clothes, instruments, household
}

PICKED = _labels(
    """
    Santa Claus|fairy|mermaid|elf|genie|superhero|ghost|alien|robot|tooth|bone|ear|nose|foot
    hourglass done|watch|alarm clock|trophy|sports medal|megaphone|bell|musical note|musical score|microphone
    headphone|radio|telephone|battery|laptop|computer mouse|keyboard|abacus|movie camera|television
    camera|candle|light bulb|flashlight|open book|scroll|newspaper|bookmark|coin|treasure chest
    envelope|package|postbox|pencil|fountain pen|pen|paintbrush|crayon|calendar|paperclip
    straight ruler|scissors|key|hammer|shield|carpentry saw|wrench|screwdriver|gear|magnet|ladder
    shovel|toolbox|boomerang|hook|test tube|microscope|telescope|luggage|brain|red heart
    magnifying glass tilted left
    """
)

UNSUITABLE = _labels(
    """
    guide dog|service dog|pig nose|cockroach|microbe|wilted flower|rosette|white flower|wing
    meat on bone|cut of meat|bacon|poultry leg|sake|bottle with popping cork|wine glass|cocktail glass
    tropical drink|beer mug|clinking beer mugs|clinking glasses|tumbler glass|mate|pouring liquid
    kitchen knife|amphora|globe with meridians|map of Japan|mount fuji|landslide|derelict house
    Japanese post office|bank|love hotel|wedding|Tokyo tower|Statue of Liberty|barber pole|hot springs
    foggy|oncoming bus|oncoming police car|oncoming taxi|manual wheelchair|motorized wheelchair
    oil drum|fuel pump|police car light|motorway|light rail|bullet train|tram car|railway car
    mountain railway|articulated lorry|trolleybus|horizontal traffic light|airplane departure
    airplane arrival|suspension railway|mountain cableway|seat|waxing crescent moon|waxing gibbous moon
    waning gibbous moon|waning crescent moon|new moon|first quarter moon|last quarter moon
    new moon face|first quarter moon face|last quarter moon face|full moon face|sun with face
    sun behind small cloud|sun behind large cloud|cloud with lightning and rain|cyclone
    snowman without snow|closed umbrella|umbrella with rain drops|umbrella on ground|sparkler
    firecracker|tanabata tree|pine decoration|Japanese dolls|carp streamer|moon viewing ceremony
    red envelope|reminder ribbon|admission tickets|softball|cricket game|lacrosse|boxing glove
    flag in hole|water pistol|pool 8 ball|slot machine|spade suit|heart suit|diamond suit|club suit
    joker|mahjong red dragon|flower playing cards|lab coat|safety vest|briefs|bikini|woman’s clothes
    clutch bag|purse|shopping bags|high-heeled shoe|woman’s sandal|hair pick|military helmet
    prayer beads|lipstick|sari|toilet|plunger|razor|mouse trap|lotion bottle|safety pin|roll of paper
    front-facing baby chick|leafless tree|brown mushroom|oden|fish cake with swirl|tamale
    stuffed flatbread|shallow pan of food|roasted sweet potato|fried shrimp|moon cake|curry rice
    rice cracker|bento box|dango|takeout box|shaved ice|disguised face|globe showing Americas
    globe showing Asia-Australia|classical building|office building|convenience store|department store
    cityscape at dusk|night with stars|sunrise over mountains|auto rickshaw|sport utility vehicle
    flat shoe|curling stone|american football|ginger root|black bird|chipmunk face|root vegetable
    first place|chains|shrimp cracker|bone marrow|glowing star|Japanese castle|soft ice cream
    baguette bread flat|crutch|dragon face|spouting whale
    """
)

# English label -> names in en, fr, es, it, de.
RENAMED = {
    "lion": "lion|lion|león|leone|Löwe",
    "ewe": "sheep|mouton|oveja|pecora|Schaf",
    "lady beetle": "ladybird|coccinelle|mariquita|coccinella|Marienkäfer",
    "bug": "caterpillar|chenille|oruga|bruco|Raupe",
    "honeybee": "bee|abeille|abeja|ape|Biene",
    "sauropod": "long-necked dinosaur|diplodocus|diplodocus|diplodoco|Diplodocus",
    "T-Rex": "tyrannosaurus|tyrannosaure|tiranosaurio|tirannosauro|Tyrannosaurus",
    "hatching chick": "hatching chick|poussin dans l’œuf|pollito en el huevo|pulcino nell’uovo|Küken im Ei",
    "spiral shell": "seashell|coquillage|concha|conchiglia|Muschel",
    "mushroom": "mushroom|champignon|seta|fungo|Pilz",
    "evergreen tree": "fir tree|sapin|abeto|abete|Tanne",
    "deciduous tree": "tree|arbre|árbol|albero|Baum",
    "herb": "leaf|feuille|hoja|foglia|Blatt",
    "leaf fluttering in wind": "leaves in the wind|feuilles au vent|hojas al viento|foglie al vento|Blätter im Wind",
    "red apple": "apple|pomme|manzana|mela|Apfel",
    "four leaf clover": "four-leaf clover|trèfle à quatre feuilles|trébol de cuatro hojas|quadrifoglio|Glücksklee",
    "kiwi fruit": "kiwi|kiwi|kiwi|kiwi|Kiwi",
    "ear of corn": "corn|maïs|maíz|mais|Mais",
    "cheese wedge": "cheese|fromage|queso|formaggio|Käse",
    "beverage box": "juice box|brique de jus|zumo|succo di frutta|Saftpäckchen",
    "glass of milk": "milk|lait|leche|latte|Milch",
    "hot beverage": "hot chocolate|chocolat chaud|chocolate caliente|cioccolata calda|heiße Schokolade",
    "chocolate bar": "chocolate|chocolat|chocolate|cioccolato|Schokolade",
    "honey pot": "honey|miel|miel|miele|Honig",
    "ice": "ice cube|glaçon|cubito de hielo|cubetto di ghiaccio|Eiswürfel",
    "cup with straw": "lemonade|limonade|limonada|limonata|Limonade",
    "bread": "bread|pain|pan|pane|Brot",
    "baguette bread": "baguette|baguette|baguete|baguette|Baguette",
    "pot of food": "soup|soupe|sopa|zuppa|Suppe",
    "bowl with spoon": "cereal bowl|bol de céréales|tazón de cereales|ciotola di cereali|Müslischale",
    "green salad": "salad|salade|ensalada|insalata|Salat",
    "fork and knife with plate": "plate|assiette|plato|piatto|Teller",
    "globe showing Europe-Africa": "Earth|Terre|Tierra|Terra|Erde",
    "snow-capped mountain": "snowy mountain|montagne enneigée|montaña nevada|montagna innevata|Schneeberg",
    "beach with umbrella": "beach|plage|playa|spiaggia|Strand",
    "house with garden": "garden|jardin|jardín|giardino|Garten",
    "building construction": "building site|chantier|obra|cantiere|Baustelle",
    "playground slide": "slide|toboggan|tobogán|scivolo|Rutsche",
    "carousel horse": "carousel|manège|tiovivo|giostra|Karussell",
    "locomotive": "locomotive|locomotive|locomotora|locomotiva|Lokomotive",
    "automobile": "car|voiture|coche|automobile|Auto",
    "pickup truck": "pickup truck|pick-up|camioneta|pick-up|Pick-up",
    "delivery truck": "truck|camion|camión|camion|Lastwagen",
    "vertical traffic light": "traffic light|feu tricolore|semáforo|semaforo|Ampel",
    "ring buoy": "lifebuoy|bouée|flotador|salvagente|Rettungsring",
    "passenger ship": "cruise ship|paquebot|crucero|nave da crociera|Kreuzfahrtschiff",
    "aerial tramway": "cable car|téléphérique|teleférico|funivia|Seilbahn",
    "small airplane": "small plane|petit avion|avioneta|aeroplanino|Kleinflugzeug",
    "flying saucer": "flying saucer|soucoupe volante|platillo volante|disco volante|fliegende Untertasse",
    "crescent moon": "moon|lune|luna|luna|Mond",
    "full moon": "full moon|pleine lune|luna llena|luna piena|Vollmond",
    "ringed planet": "planet|planète|planeta|pianeta|Planet",
    "milky way": "galaxy|galaxie|galaxia|galassia|Galaxie",
    "sun behind cloud": "sun and cloud|soleil et nuage|sol y nube|sole e nuvola|Sonne und Wolke",
    "cloud with rain": "rain|pluie|lluvia|pioggia|Regen",
    "cloud with snow": "snow|neige|nieve|neve|Schnee",
    "cloud with lightning": "thunderstorm|orage|tormenta|temporale|Gewitter",
    "droplet": "drop of water|goutte d’eau|gota de agua|goccia d’acqua|Wassertropfen",
    "water wave": "wave|vague|ola|onda|Welle",
    "jack-o-lantern": "pumpkin|citrouille|calabaza|zucca|Kürbis",
    "wrapped gift": "present|cadeau|regalo|regalo|Geschenk",
    "confetti ball": "confetti|confettis|confeti|coriandoli|Konfetti",
    "party popper": "party popper|cotillons|matasuegras|festa|Partyknaller",
    "soccer ball": "football|ballon de foot|balón de fútbol|pallone|Fußball",
    "fishing pole": "fishing rod|canne à pêche|caña de pescar|canna da pesca|Angel",
    "running shirt": "jersey|maillot|camiseta deportiva|canottiera|Trikot",
    "bullseye": "target|cible|diana|bersaglio|Zielscheibe",
    "puzzle piece": "puzzle|puzzle|rompecabezas|puzzle|Puzzle",
    "nesting dolls": "nesting doll|poupée russe|muñeca rusa|matrioska|Matroschka",
    "performing arts": "theatre|théâtre|teatro|teatro|Theater",
    "framed picture": "painting|tableau|cuadro|quadro|Gemälde",
    "artist palette": "paint palette|palette|paleta|tavolozza|Farbpalette",
    "billed cap": "cap|casquette|gorra|cappellino|Kappe",
    "diving mask": "diving mask|masque de plongée|máscara de buceo|maschera da sub|Taucherbrille",
    "musical keyboard": "piano|piano|piano|pianoforte|Klavier",
    "couch and lamp": "sofa|canapé|sofá|divano|Sofa",
    "shopping cart": "shopping trolley|chariot|carrito|carrello|Einkaufswagen",
    "hourglass done": "hourglass|sablier|reloj de arena|clessidra|Sanduhr",
    "sports medal": "medal|médaille|medalla|medaglia|Medaille",
    "headphone": "headphones|casque audio|auriculares|cuffie|Kopfhörer",
    "computer mouse": "computer mouse|souris d’ordinateur|ratón de ordenador|mouse|Computermaus",
    "laptop": "computer|ordinateur|ordenador|computer|Computer",
    "open book": "book|livre|libro|libro|Buch",
    "straight ruler": "ruler|règle|regla|righello|Lineal",
    "crayon": "wax crayon|crayon de cire|lápiz de cera|pastello a cera|Wachsmalstift",
    "magnifying glass tilted left": "magnifying glass|loupe|lupa|lente d’ingrandimento|Lupe",
    "carpentry saw": "saw|scie|sierra|sega|Säge",
    "red heart": "heart|cœur|corazón|cuore|Herz",
    "superhero": "superhero|super-héros|superhéroe|supereroe|Superheld",
    "fairy": "fairy|fée|hada|fata|Fee",
    "mermaid": "mermaid|sirène|sirena|sirena|Meerjungfrau",
    "elf": "elf|elfe|elfo|elfo|Elfe",
    "chicken": "hen|poule|gallina|gallina|Huhn",
    "turkey": "turkey|dindon|pavo|tacchino|Truthahn",
    "chipmunk": "squirrel|écureuil|ardilla|scoiattolo|Eichhörnchen",
    "rabbit": "rabbit|lapin|conejo|coniglio|Kaninchen",
    "camel": "camel|dromadaire|dromedario|dromedario|Dromedar",
    "peanuts": "peanut|cacahuète|cacahuete|arachide|Erdnuss",
    "gem stone": "diamond|diamant|diamante|diamante|Diamant",
    "hibiscus": "hibiscus|hibiscus|hibisco|ibisco|Hibiskus",
    "blossom": "daisy|marguerite|margarita|margherita|Margerite",
    "maple leaf": "maple leaf|feuille d’érable|hoja de arce|foglia d’acero|Ahornblatt",
    "fallen leaf": "autumn leaf|feuille d’automne|hoja de otoño|foglia d’autunno|Herbstblatt",
    "nest with eggs": "nest|nid|nido|nido|Nest",
    "water buffalo": "buffalo|buffle|búfalo|bufalo|Büffel",
    "french fries": "chips|frites|patatas fritas|patatine fritte|Pommes frites",
    "ice skate": "ice skate|patin à glace|patín de hielo|pattino da ghiaccio|Schlittschuh",
    "mirror ball": "disco ball|boule à facettes|bola de discoteca|sfera stroboscopica|Discokugel",
    "houses": "village|village|pueblo|villaggio|Dorf",
    "goggles": "goggles|lunettes de protection|gafas protectoras|occhiali protettivi|Schutzbrille",
    "ribbon": "bow|nœud|lazo|fiocco|Schleife",
    "snowman": "snowman|bonhomme de neige|muñeco de nieve|pupazzo di neve|Schneemann",
    "airplane": "airplane|avion|avión|aereo|Flugzeug",
    "ferris wheel": "Ferris wheel|grande roue|noria|ruota panoramica|Riesenrad",
    "roller coaster": "roller coaster|montagnes russes|montaña rusa|montagne russe|Achterbahn",
    "speedboat": "speedboat|hors-bord|lancha|motoscafo|Schnellboot",
    "socks": "socks|chaussettes|calcetines|calzini|Socken",
    "ship": "cargo ship|cargo|carguero|nave cargo|Frachtschiff",
    "balloon": "balloon|ballon|globo|palloncino|Luftballon",
    "umbrella": "umbrella|parapluie|paraguas|ombrello|Regenschirm",
    "snowflake": "snowflake|flocon de neige|copo de nieve|fiocco di neve|Schneeflocke",
    "drum": "drum|tambour|tambor|tamburo|Trommel",
    "scarf": "scarf|écharpe|bufanda|sciarpa|Schal",
    "glasses": "glasses|lunettes|gafas|occhiali|Brille",
    "coin": "coin|pièce de monnaie|moneda|moneta|Münze",
    "luggage": "suitcase|valise|maleta|valigia|Koffer",
    "yarn": "ball of wool|pelote de laine|ovillo de lana|gomitolo di lana|Wollknäuel",
    "knot": "rope|corde|cuerda|corda|Seil",
    "running shoe": "trainer|chaussure de sport|zapatilla|scarpa da ginnastica|Turnschuh",
    "paperclip": "paper clip|attache|clip|graffetta|Büroklammer",
    "sunrise": "sunrise|lever de soleil|amanecer|alba|Sonnenaufgang",
    "sunset": "sunset|coucher de soleil|puesta de sol|tramonto|Sonnenuntergang",
    "high-speed train": "high-speed train|TGV|tren veloz|treno veloce|Schnellzug",
    "teacup without handle": "cup|tasse|taza|tazza|Tasse",
    "high voltage": "lightning|éclair|rayo|fulmine|Blitz",
    "wind face": "wind|vent|viento|vento|Wind",
    "sun behind rain cloud": "sun shower|giboulée|chubasco|acquazzone|Regenschauer",
    "fog": "fog|brouillard|niebla|nebbia|Nebel",
    "seedling": "sprout|pousse|brote|germoglio|Keimling",
    "sheaf of rice": "ear of wheat|épi de blé|espiga|spiga|Ähre",
    "wood": "log|bûche|tronco|ceppo|Holzscheit",
    "hut": "hut|cabane|cabaña|capanna|Hütte",
    "cityscape": "city|ville|ciudad|città|Stadt",
    "bridge at night": "bridge|pont|puente|ponte|Brücke",
    "station": "railway station|gare|estación|stazione|Bahnhof",
    "railway track": "rails|rails|vías|binari|Schienen",
    "bus stop": "bus stop|arrêt de bus|parada de autobús|fermata dell’autobus|Bushaltestelle",
    "motor scooter": "scooter|scooter|escúter|motorino|Motorroller",
    "minibus": "van|camionnette|furgoneta|furgone|Kleinbus",
    "monorail": "monorail|monorail|monorraíl|monorotaia|Einschienenbahn",
    "motor boat": "boat|bateau|barco|barca|Boot",
    "goal net": "goal|but|portería|porta da calcio|Tor",
    "martial arts uniform": "judo|judo|yudo|judo|Judo",
    "rugby football": "rugby ball|ballon de rugby|balón de rugby|palla da rugby|Rugbyball",
    "field hockey": "hockey|hockey|hockey|hockey|Hockey",
    "woman’s boot": "boot|botte|bota|stivale|Stiefel",
    "woman’s hat": "hat|chapeau|sombrero|cappello|Hut",
    "man’s shoe": "shoe|chaussure|zapato|scarpa|Schuh",
    "thong sandal": "flip-flop|tong|chancla|infradito|Zehensandale",
    "one-piece swimsuit": "swimsuit|maillot de bain|bañador|costume da bagno|Badeanzug",
    "folding hand fan": "fan|éventail|abanico|ventaglio|Fächer",
    "wind chime": "wind chime|carillon|carillón|campanelli a vento|Windspiel",
    "game die": "die|dé|dado|dado|Würfel",
    "spider web": "spider web|toile d’araignée|telaraña|ragnatela|Spinnennetz",
    "paw prints": "paw print|empreinte|huella|impronta|Pfotenabdruck",
    "cooking": "fried egg|œuf au plat|huevo frito|uovo fritto|Spiegelei",
    "custard": "flan|flan|flan|budino|Pudding",
    "cooked rice": "rice|riz|arroz|riso|Reis",
    "steaming bowl": "noodles|nouilles|fideos|spaghettini|Nudeln",
    "canned food": "tin|boîte de conserve|lata|scatoletta|Konservendose",
    "fork and knife": "cutlery|couverts|cubiertos|posate|Besteck",
    "leafy green": "lettuce|laitue|lechuga|lattuga|Kopfsalat",
    "hot pepper": "chilli|piment|guindilla|peperoncino|Chili",
    "fly": "fly|mouche|mosca|mosca|Fliege",
    "mosquito": "mosquito|moustique|mosquito|zanzara|Stechmücke",
    "rat": "rat|rat|rata|ratto|Ratte",
    "cricket": "grasshopper|sauterelle|saltamontes|cavalletta|Heuschrecke",
    "black cat": "black cat|chat noir|gato negro|gatto nero|schwarze Katze",
    "two-hump camel": "Bactrian camel|chameau|camello|cammello|Trampeltier",
    "phoenix": "phoenix|phénix|fénix|fenice|Phönix",
    "long drum": "djembe|djembé|yembé|djembé|Djembe",
    "musical score": "sheet music|partition|partitura|spartito|Notenblatt",
    "rescue worker’s helmet": "helmet|casque|casco|casco|Helm",
    "fire extinguisher": "fire extinguisher|extincteur|extintor|estintore|Feuerlöscher",
    "castle": "castle|château|castillo|castello|Burg",
    "elevator": "lift|ascenseur|ascensor|ascensore|Aufzug",
    "oncoming automobile": "motor car|automobile|automóvil|macchina|Personenwagen",
    "roller skate": "roller skate|patin à roulettes|patín|pattino a rotelle|Rollschuh",
    "national park": "landscape|paysage|paisaje|paesaggio|Landschaft",
    "construction": "barrier|barrière|barrera|barriera|Absperrung",
    "stop sign": "stop sign|panneau stop|señal de stop|segnale di stop|Stoppschild",
}
