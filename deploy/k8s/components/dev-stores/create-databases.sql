-- Roles and databases of the five services. The owner migrates, the application's role reads and writes.
-- psql -v ON_ERROR_STOP=1 -v owner_password=... -v app_password=... -f create-databases.sql

create role gf_intake_owner login password :'owner_password';
create role gf_intake_app login password :'app_password';
create database gf_intake owner gf_intake_owner template template0 encoding 'UTF8';
revoke connect on database gf_intake from public;
grant connect on database gf_intake to gf_intake_app;

create role gf_scoring_owner login password :'owner_password';
create role gf_scoring_app login password :'app_password';
create database gf_scoring owner gf_scoring_owner template template0 encoding 'UTF8';
revoke connect on database gf_scoring from public;
grant connect on database gf_scoring to gf_scoring_app;

create role gf_review_owner login password :'owner_password';
create role gf_review_app login password :'app_password';
create database gf_review owner gf_review_owner template template0 encoding 'UTF8';
revoke connect on database gf_review from public;
grant connect on database gf_review to gf_review_app;

create role gf_registry_owner login password :'owner_password';
create role gf_registry_app login password :'app_password';
create database gf_registry owner gf_registry_owner template template0 encoding 'UTF8';
revoke connect on database gf_registry from public;
grant connect on database gf_registry to gf_registry_app;

create role gf_notify_owner login password :'owner_password';
create role gf_notify_app login password :'app_password';
create database gf_notify owner gf_notify_owner template template0 encoding 'UTF8';
revoke connect on database gf_notify from public;
grant connect on database gf_notify to gf_notify_app;
