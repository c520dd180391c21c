-- A question that the session ended before was 'cancelled', where everything else that is
-- called off is 'canceled'.
UPDATE advice SET verdict = 'canceled' WHERE verdict = 'cancelled';
