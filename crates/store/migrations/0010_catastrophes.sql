-- Catastrophes that operators have declared, those that are over too.
CREATE TABLE catastrophes (
    name TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
