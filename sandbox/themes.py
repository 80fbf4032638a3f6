"""Which concepts fit a theme: a table of usual children's themes, the lexicon's search words for the rest."""

from collections.abc import Collection

from sandbox.lexicon import Entry, fold, lexicon, stem

# (words that name the theme in any language, English names of what belongs to it), special themes before general ones
_TABLE = [
    (
        "christmas noel navidad natale weihnachten xmas",
        "Christmas tree|Santa Claus|present|bell|snowman|candle|star|snowflake|sled|deer|socks|elf|cookie|sparkles"
        "|ball of wool|chocolate|hot chocolate|snow|bow|fir tree|snowy mountain|scarf",
    ),
    (
        "halloween",
        "pumpkin|ghost|bat|spider|spider web|black cat|owl|moon|candy|candle|broom|bone|full moon|superhero|fairy|castle"
        "|top hat|lollipop|magic wand|crystal ball",
    ),
    (
        "winter hiver invierno inverno neige snow nieve neve schnee banquise pole arctic",
        "snowflake|snowman|scarf|gloves|sled|skis|ice skate|polar bear|penguin|hot chocolate|coat|snowy mountain|snow"
        "|fir tree|ice cube|cap|boot|seal|fox|owl|deer|ice hockey|candle|socks|wind|fog",
    ),
    (
        "dinosaur dinosaure dinosaurio dinosauro dinosaurier prehistory prehistoire prehistoria preistoria",
        "tyrannosaurus|long-necked dinosaur|mammoth|volcano|bone|egg|nest|lizard|crocodile|turtle|dodo|palm tree|rock"
        "|paw print|fire|comet|leaf|snake|seashell|mountain",
    ),
    (
        "farm ferme granja fattoria bauernhof campagne countryside",
        "cow|horse|pig|sheep|hen|rooster|goat|tractor|duck|donkey|rabbit|dog|cat|baby chick|goose|egg|milk|corn|turkey"
        "|mouse|ox|ram|ear of wheat|carrot|apple|house",
    ),
    (
        "sea mer mar mare meer ocean oceano ozean beach plage playa spiaggia strand marine underwater",
        "fish|dolphin|whale|octopus|crab|shark|turtle|seashell|jellyfish|tropical fish|seal|squid|coral|wave|sailboat"
        "|anchor|beach|lobster|shrimp|orca|blowfish|diving mask|bucket|lifebuoy|boat|desert island|oyster",
    ),
    (
        "jungle selva giungla dschungel savane savanna sabana savannah safari afrique africa",
        "lion|tiger|monkey|elephant|parrot|snake|giraffe|zebra|crocodile|gorilla|leopard|hippopotamus|rhinoceros|sloth"
        "|palm tree|butterfly|banana|orangutan|frog|lizard|flamingo|hibiscus|peacock|beetle",
    ),
    (
        "forest foret bosque foresta bosco wald woods",
        "tree|fox|bear|owl|squirrel|hedgehog|deer|wolf|mushroom|rabbit|fir tree|badger|boar|leaf|snail|beaver|autumn leaf"
        "|ladybird|chestnut|nest|log|spider|tent|maple leaf",
    ),
    (
        "space espace espacio spazio weltraum weltall cosmos planet planete planeta pianeta astronaut star etoile",
        "rocket|planet|moon|star|sun|Earth|alien|flying saucer|satellite|telescope|comet|galaxy|shooting star|robot"
        "|full moon|sparkles|magnet|computer",
    ),
    (
        "fruit frutta fruta obst",
        "apple|banana|strawberry|cherries|pear|lemon|grapes|pineapple|watermelon|peach|kiwi|melon|mango|tangerine"
        "|coconut|blueberries|lime|green apple|tomato|olive",
    ),
    (
        "vegetable legume verdura gemuse potager",
        "carrot|tomato|potato|corn|cucumber|broccoli|onion|lettuce|pea pod|bell pepper|eggplant|mushroom|garlic|avocado"
        "|beans|chilli|pumpkin|olive",
    ),
    (
        "food nourriture manger comida cibo essen cuisine kitchen cocina cucina kuche repas gouter breakfast",
        "bread|apple|cheese|egg|milk|banana|carrot|soup|pizza|spaghetti|honey|strawberry|cookie|pancakes|rice|salad"
        "|croissant|chocolate|ice cream|tomato|plate|spoon|potato|chips|sandwich|pie|lemonade|butter",
    ),
    (
        "vehicle vehicule vehiculo veicolo fahrzeug transport car voiture coche auto macchina camion truck traffic",
        "car|bus|train|truck|bicycle|airplane|boat|helicopter|fire engine|tractor|motorcycle|taxi|ambulance|police car"
        "|tram|metro|scooter|kick scooter|rocket|racing car|van|sailboat|wheel|traffic light|locomotive|ferry",
    ),
    (
        "music musique musica musik instrument orchestre orchestra",
        "guitar|piano|drum|violin|trumpet|flute|harp|saxophone|maracas|accordion|banjo|trombone|musical note|microphone"
        "|bell|headphones|radio|djembe|sheet music",
    ),
    (
        "garden jardin giardino garten spring printemps primavera fruhling flower fleur flor fiore blume insect insecte",
        "tulip|butterfly|bee|ladybird|snail|sunflower|rose|caterpillar|worm|bird|daisy|tree|leaf|hedgehog|carrot|shovel"
        "|bucket|ant|frog|nest|strawberry|sprout|rainbow|bouquet|hyacinth|cherry blossom|beetle",
    ),
    (
        "autumn automne otono autunno herbst",
        "autumn leaf|maple leaf|mushroom|chestnut|pumpkin|squirrel|hedgehog|apple|pear|grapes|umbrella|rain|owl|wind"
        "|corn|scarf|boot|fog|fox|log",
    ),
    (
        "summer ete verano estate sommer holiday vacances vacaciones vacanze ferien",
        "sun|beach|ice cream|sunglasses|swimsuit|watermelon|wave|bucket|flip-flop|tent|suitcase|kite|seashell|lemonade"
        "|butterfly|boat|hat|peach|camping|sunflower|diving mask|shorts|bicycle",
    ),
    (
        "weather meteo tiempo tempo wetter",
        "sun|cloud|rain|snow|rainbow|thunderstorm|lightning|wind|umbrella|fog|snowflake|thermometer|tornado|sun shower"
        "|sun and cloud|drop of water|sunrise|sunset|moon|star",
    ),
    (
        "school ecole escuela scuola schule classroom classe",
        "school|book|pencil|backpack|scissors|ruler|pen|computer|wax crayon|paintbrush|calendar|abacus|world map|bus"
        "|keyboard|alarm clock|paint palette|apple|chair|microscope|bell",
    ),
    (
        "clothes vetement habit ropa vestiti kleidung kleider",
        "t-shirt|dress|socks|shoe|hat|coat|scarf|gloves|jeans|shorts|cap|boot|glasses|swimsuit|crown|necktie|kimono"
        "|backpack|sunglasses|flip-flop|trainer",
    ),
    (
        "house maison casa haus home chambre bedroom bathroom salle",
        "house|bed|chair|door|window|sofa|bathtub|mirror|television|shower|telephone|plate|spoon|candle|key|broom|soap"
        "|toothbrush|alarm clock|light bulb|potted plant|basket|teddy bear|book",
    ),
    (
        "sport deporte",
        "football|basketball|tennis|bicycle|skis|volleyball|ping pong|ice skate|badminton|baseball|judo|skateboard|medal"
        "|trophy|roller skate|goal|trainer|jersey|bowling|hockey|rugby ball|diving mask",
    ),
    (
        "toy jouet juguete giocattolo spielzeug game jeu juego gioco spiel playground",
        "teddy bear|kite|balloon|puzzle|yo-yo|nesting doll|football|slide|carousel|robot|drum|train|bucket|bubbles|die"
        "|magic wand|piñata|video game|kick scooter|castle",
    ),
    (
        "circus cirque circo zirkus fair fete foraine party fiesta festa geburtstag birthday anniversaire cumpleanos",
        "circus tent|balloon|birthday cake|present|carousel|Ferris wheel|confetti|candy|lollipop|party popper|popcorn"
        "|elephant|lion|horse|top hat|magic wand|fireworks|roller coaster|cupcake|ice cream|candle|trumpet",
    ),
    (
        "fairy tale tales conte magic magie magia marchen fantasy princess princesse chevalier knight castle chateau",
        "castle|crown|dragon|fairy|unicorn|magic wand|mermaid|elf|genie|frog|treasure chest|shield|key|ring|crystal ball"
        "|horse|diamond|mirror|wolf|owl|phoenix|scroll",
    ),
    (
        "pirate pirata pirat treasure tresor tesoro schatz",
        "treasure chest|sailboat|anchor|parrot|desert island|coin|compass|palm tree|wave|key|shark|diamond|world map|hat"
        "|crab|octopus|telescope|turtle|rope|ring",
    ),
    (
        "city ville ciudad citta stadt street rue calle strada strasse",
        "house|car|bus|school|hospital|bicycle|traffic light|bridge|tram|taxi|post office|castle|hotel|fountain|metro"
        "|factory|fire engine|shopping trolley|ambulance|railway station|city|bus stop",
    ),
    (
        "bird oiseau pajaro uccello vogel",
        "owl|duck|penguin|parrot|rooster|swan|eagle|flamingo|peacock|hen|dove|goose|turkey|baby chick|bird|dodo|nest"
        "|feather|egg",
    ),
    (
        "tool outil herramienta attrezzo werkzeug bricolage job metier trabajo lavoro beruf",
        "hammer|saw|screwdriver|wrench|shovel|ladder|toolbox|paintbrush|scissors|magnet|gear|building site|fire engine"
        "|police car|tractor|camera|microscope|helmet|bucket|broom",
    ),
    (
        "pet compagnie mascota domestico haustier",
        "dog|cat|rabbit|hamster|fish|parrot|mouse|turtle|horse|bird|lizard|poodle|black cat|bone|paw print",
    ),
    (
        "animal animaux animale animali tier tiere zoo bete",
        "dog|cat|lion|elephant|rabbit|bear|horse|cow|monkey|fish|bird|frog|giraffe|fox|tiger|zebra|panda|penguin|sheep|pig"
        "|mouse|duck|turtle|butterfly|owl|wolf|koala|kangaroo|crocodile|whale",
    ),
]
_THEMES = [({stem(word) for word in words.split()}, names.split("|")) for words, names in _TABLE]
_ANY_THEME = {"animal"}


def concepts_for(theme: str, count: int, excluded: Collection[str] = ()) -> list[Entry]:
    """``count`` distinct entries that fit the theme best; near ones follow where it has too few of its own.

    ``excluded`` are codes of entries not to be used.
    """
    words = {stem(word) for word in fold(theme).split() if len(word) > 2}
    fitting = [*_from_table(words), *_from_tags(words)] or _from_table(_ANY_THEME)
    found = {entry.code: entry for entry in (*fitting, *_neighbours(fitting), *lexicon().entries)}
    return [entry for entry in found.values() if entry.code not in excluded][:count]


def _from_table(words: set[str]) -> list[Entry]:
    known = lexicon().by_english
    return [known[name] for topic, names in _THEMES if topic & words for name in names if name in known]


def _from_tags(words: set[str]) -> list[Entry]:
    hits = [(len(entry.words & words), entry) for entry in lexicon().entries]
    return [entry for score, entry in sorted(hits, key=lambda hit: -hit[0]) if score]


def _neighbours(found: list[Entry]) -> list[Entry]:
    subgroups = dict.fromkeys(entry.subgroup for entry in found)
    return [entry for group in subgroups for entry in lexicon().entries if entry.subgroup == group]
