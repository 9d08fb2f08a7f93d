"""Words as CRMs and spreadsheets write them, in small letters, in several languages."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace("\n", ",").split(",") if name.strip())


COMPANY = _names("""
    company, company name, account, account name, customer, customer name, client, client name,
    organization, organisation, organization name, associated company, firma, kunde, kundenname,
    unternehmen, société, entreprise, compte, client final, cliente, empresa, cuenta, azienda, klant,
    bedrijf, ship name, customer id, account id
""")
OWNER = _names("""
    owner, deal owner, opportunity owner, sales agent, sales rep, sales person, salesperson,
    account executive, account manager, rep, agent, assigned to, owner name, employee, employee id,
    besitzer, verkäufer, vertriebsmitarbeiter, zuständig, propriétaire, commercial, responsable,
    propietario, vendedor, comercial, proprietario, eigenaar, verkoper
""")
PRODUCT = _names("""
    product, product name, item, item name, sku, article, line item, product code, service, offering,
    deliverable, item description, produkt, artikel, leistung, produit, prestation, producto, artículo,
    prodotto, articolo
""")
QUANTITY = _names("""
    quantity, qty, units, unit count, pieces, pcs, line item quantity, menge, anzahl, stück, stückzahl,
    quantité, qté, cantidad, unidades, quantità, aantal, hoeveelheid
""")
AMOUNT = _names("""
    amount, deal amount, deal value, value, close value, total, total amount, total price, revenue,
    opportunity amount, contract value, order value, price, expected revenue, line item value, betrag,
    wert, auftragswert, umsatz, summe, montant, valeur, importe, valor, monto, importo, valore, bedrag,
    waarde
""")
CURRENCY = _names("""
    currency, currency code, amount currency, deal currency, iso currency, währung, devise, moneda,
    valuta, divisa
""")
CREATED = _names("""
    create date, created date, created, created at, created on, date created, creation date,
    engage date, open date, opened, order date, start of deal, entered, pq first sent to client date,
    erstellt, erstellt am, erstelldatum, anlagedatum, bestelldatum, auftragsdatum, date de création,
    date de commande, fecha de creación, fecha de pedido, data creazione, data ordine, aanmaakdatum
""")
PROMISED = _names("""
    promised date, promised, promise date, promised on, promised by, delivery date, due date, due,
    need by, need by date, needed by, install date, installation date, go live, go live date,
    committed date, target date, scheduled delivery date, expected delivery, expected delivery date,
    liefertermin, lieferdatum, zugesagt, zugesagt bis, zusagetermin, termin, fällig am,
    date de livraison, date promise, livraison prévue, fecha de entrega, fecha prometida,
    data di consegna, leverdatum
""")
REQUESTED = _names("""
    requested date, requested, requested on, requested delivery date, required date, required by,
    customer date, wanted by, wunschtermin, wunschdatum, gewünscht bis, date souhaitée,
    fecha solicitada, data richiesta, gewenste datum
""")
EARLIEST = _names("""
    earliest start, earliest start date, start date, start, not before, available from, ready from,
    frühester beginn, frühestens, startdatum, beginn, date de début, début, fecha de inicio,
    data di inizio
""")
ANY_ID = _names("""
    id, record id, nummer, number, no, nr, key, guid, uuid, external id, reference
""")
DEAL_ID = _names("""
    opportunity id, deal id, dealid, opp id, opportunity number, deal number, record id - deals,
    vorgangsnummer, angebotsnummer, auftragsnummer, hs object id
""")
ORDER_ID = _names("""
    order id, orderid, order number, order no, order, commitment id, promise id, po / so #, so number,
    sales order, bestellnummer, auftragsnummer, auftrag, n° de commande, commande, pedido,
    numero ordine
""")
DEAL_NAME = _names("""
    name, deal name, opportunity name, opportunity, deal, title, deal title, subject, topic, project,
    project name, bezeichnung, titel, verkaufschance, projekt, nom, titre, nom de l'affaire, affaire,
    nombre, oportunidad, título, nome, naam
""")
STAGE = _names("""
    stage, deal stage, opportunity stage, sales stage, pipeline stage, stage name, status, deal status,
    phase, state, verkaufsphase, stufe, étape, statut, etapa, estado, fase, stato
""")
PROBABILITY = _names("""
    probability, probability %, probability (%), win probability, deal probability, chance,
    forecast probability, wahrscheinlichkeit, probabilité, probabilidad, probabilità, kans
""")
CLOSE = _names("""
    close date, closing date, closed date, closed, expected close, expected close date, close, won date,
    abschlussdatum, abschluss, date de clôture, clôture, fecha de cierre, cierre, data di chiusura,
    chiusura, sluitingsdatum
""")
URL = _names("""
    url, link, deal url, opportunity url, crm link, hyperlink, permalink, adresse, lien
""")
DELIVERED = _names("""
    delivered, delivered on, delivered date, delivered to client date, delivery, shipped date, shipped,
    shipped on, ship date, actual delivery, actual delivery date, completed, completed on,
    completion date, closed, closed dt, finished, geliefert am, geliefert, versanddatum,
    date d'expédition, livré le, fecha de envío, entregado, data di spedizione
""")
NOTE = _names("""
    note, notes, comment, comments, bemerkung, remarque, nota
""")
STAGE_WON = _names("""
    won, closed won, closedwon, win, ordered, order received, contract signed, signed, gewonnen, auftrag,
    beauftragt, gagne, gagnee, conclu, signe, ganado, ganada, cerrado ganado, vinto, vinta, chiuso vinto,
    ganho, ganha, wygrane, wygrana, vyhrano, vunnet, vunnen, vundet, voitettu, kazanildi
""")
STAGE_LOST = _names("""
    lost, closed lost, closedlost, loss, abandoned, disqualified, rejected, dead, cancelled, canceled,
    no sale, verloren, abgesagt, abgelehnt, perdu, perdue, abandonne, perdido, perdida, cerrado perdido,
    perso, persa, chiuso perso, przegrane, przegrana, prohrano, tapt, forlorad, tabt, havitty, kaybedildi
""")
STAGE_DOUBT = _names("not, no, nicht, kein, pas, non, probable, maybe, likely, almost, nearly, will, soon")
