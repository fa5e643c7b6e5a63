"""A back end that is paid in credits, with nothing but SQL: python3 back_end.py CUSTOMER REQUEST_ID FILE"""
import json, os, sys
import psycopg  # version 3; the login of the URL is a member of credits_service

# Autocommit: a hold must stand while the work goes on, not wait in an open transaction that locks the customer's account.
ledger = psycopg.connect(os.environ["CREDITS_DATABASE_URL"], autocommit=True)

def paid_for(customer, feature, key, work):
    """Does the work for credits. The key is the request's own: under the same one the same thing is never paid twice."""
    try:  # Set aside first: two requests at once cannot both count on the same credits.
        hold = "SELECT id, state FROM credits.hold_feature(%s, %s, idempotency_key => %s)"
        hold_id, state = ledger.execute(hold, (customer, feature, key)).fetchone()
    except psycopg.DatabaseError as error:
        if error.sqlstate != "CR402":  # All but too few credits is for whoever runs this back end.
            raise
        return {"error": "insufficient_credits", **json.loads(error.diag.message_detail)}
    if state != "open":  # A repeat of what was done, or failed, before; a new attempt takes a new key.
        return {"error": f"this request is {state} already"}
    try:
        result = work()
    except BaseException:  # Nothing came of it, so it costs nothing. If this call fails too, the hold runs out by itself.
        ledger.execute("SELECT id FROM credits.release_hold(%s, %s)", (customer, hold_id))
        raise
    # Paid before it is given away: should the hold have run out meanwhile, this raises and nobody gets anything for nothing.
    ledger.execute("SELECT id FROM credits.capture_hold(%s, %s)", (customer, hold_id))
    return result

customer, request_id, file = sys.argv[1:]
print(json.dumps(paid_for(customer, "export_report", request_id, lambda: {"words": len(open(file).read().split())})))
