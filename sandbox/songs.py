"""A short song for children in each language; ``{n1}`` to ``{n6}`` are names of things."""

STYLE = "cheerful children's song, ukulele, glockenspiel, soft percussion, bright and simple, 100 bpm"

SONGS = {
    "fr": """[verse]
Viens voir avec moi, regarde par ici :
{n1}, {n2}, le monde est joli.
Un petit bonjour, un petit merci,
{n3} nous sourit aussi.
[chorus]
La la la, on chante tous en chœur,
La la la, avec joie dans le cœur.
[verse]
{n4}, {n5}, dansez doucement,
{n6} nous attend, gaiement.
[chorus]
La la la, on chante tous en chœur !""",
    "en": """[verse]
Come along with me and see what I can see:
{n1}, {n2}, as happy as can be.
Wave a little hand, stamp a little feet,
{n3} is dancing to the beat.
[chorus]
La la la, let us sing along,
La la la, this is our song.
[verse]
{n4}, {n5}, turning round and round,
{n6} is hopping on the ground.
[chorus]
La la la, let us sing along!""",
    "es": """[verse]
Ven a ver conmigo, mira por aquí:
{n1}, {n2}, todo brilla para ti.
Damos una vuelta, damos un saltito,
{n3} canta muy bajito.
[chorus]
La la la, vamos a cantar,
La la la, vamos a bailar.
[verse]
{n4}, {n5}, giran sin parar,
{n6} nos quiere saludar.
[chorus]
¡La la la, vamos a cantar!""",
    "it": """[verse]
Vieni qui con me, guarda cosa c’è:
{n1}, {n2}, tutto per te.
Batti le manine, fai un bel girotondo,
{n3} saluta tutto il mondo.
[chorus]
La la la, cantiamo in allegria,
La la la, in bella compagnia.
[verse]
{n4}, {n5}, danzano pian pian,
{n6} ci prende per la man.
[chorus]
La la la, cantiamo in allegria!""",
    "de": """[verse]
Komm und schau mit mir, was gibt es alles hier:
{n1}, {n2}, das gefällt auch dir.
Klatsch in deine Hände, dreh dich einmal um,
{n3} tanzt mit uns herum.
[chorus]
La la la, wir singen laut und froh,
La la la, das Leben klingt ja so.
[verse]
{n4}, {n5}, hüpfen auf und ab,
{n6} läuft im leichten Trab.
[chorus]
La la la, wir singen laut und froh!""",
}
